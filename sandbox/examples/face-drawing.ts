/** A stylised face as SVG: nobody's photo, so that it may stand in a public repository. */

export interface Portrait {
  /** Pixels. */
  width: number;
  height: number;
  /** With a bar over the eyes. */
  anonymised?: boolean;
  /** Only the face fills the picture. */
  close?: boolean;
}

/** The face is drawn on this canvas and cut or scaled to the wanted size. */
const CANVAS = { width: 900, height: 1200 };
const CLOSE = { x: 100, y: 240, width: 700, height: 700 };

const INK = '#4a3328';
const SKIN = '#e8bfa4';

const BACKGROUND = '<rect width="900" height="1200" fill="#c9d3d8"/>';

const BODY = `
<path d="M90 1200C110 1010 270 960 360 930L540 930C630 960 790 1010 810 1200Z" fill="#3f6b73"/>
<path d="M352 800L352 950Q450 1030 548 950L548 800Z" fill="#d9a98c"/>`;

const HAIR_BEHIND =
  '<path d="M200 640C120 330 250 120 450 120S780 330 700 640L680 780Q450 880 220 780Z" fill="#5b3a29"/>';

const FACE = `
<ellipse cx="206" cy="590" rx="34" ry="70" fill="#dcae92"/>
<ellipse cx="694" cy="590" rx="34" ry="70" fill="#dcae92"/>
<path d="M210 520C210 300 320 230 450 230S690 300 690 520C690 760 580 930 450 930S210 760 210 520Z" fill="url(#skin)"/>`;

const HAIR_BEFORE =
  '<path d="M205 520C205 300 300 205 450 205S695 300 695 520C660 400 600 330 520 320C430 380 290 380 205 520Z" fill="#5b3a29"/>';

const EYE = (x: number) => `
<path d="M${x - 66} 560Q${x} 500 ${x + 66} 560Q${x} 606 ${x - 66} 560Z" fill="#ffffff" stroke="${INK}" stroke-width="5"/>
<circle cx="${x}" cy="556" r="25" fill="#56784a"/>
<circle cx="${x}" cy="556" r="12" fill="#1c1712"/>
<circle cx="${x + 8}" cy="548" r="5" fill="#ffffff"/>
<path d="M${x - 74} 486Q${x} 440 ${x + 74} 486" fill="none" stroke="${INK}" stroke-width="14" stroke-linecap="round"/>
<path d="M${x - 52} 614Q${x} 636 ${x + 52} 614" fill="none" stroke="#b98b74" stroke-width="5" stroke-linecap="round"/>`;

const NOSE_AND_MOUTH = `
<path d="M440 560Q428 660 400 704Q420 734 450 728Q480 734 500 704" fill="none" stroke="#b98b74" stroke-width="8" stroke-linecap="round"/>
<path d="M360 800Q410 776 450 792Q490 776 540 800Q500 856 450 856Q400 856 360 800Z" fill="#bc6a62"/>
<path d="M360 800Q450 822 540 800" fill="none" stroke="#8d463f" stroke-width="5"/>`;

/** What an analysis would look for. */
const SKIN_FEATURES = `
<g fill="none" stroke="#c99a80" stroke-width="4" stroke-linecap="round">
<path d="M350 400Q450 384 550 400"/><path d="M360 430Q450 416 540 430"/>
<path d="M340 700Q320 760 338 806"/><path d="M560 700Q580 760 562 806"/>
<path d="M228 548l-16-16M226 566l-20-4M672 548l16-16M674 566l20-4"/>
</g>
<ellipse cx="306" cy="690" rx="62" ry="48" fill="#d9776a" opacity="0.32"/>
<ellipse cx="594" cy="690" rx="62" ry="48" fill="#d9776a" opacity="0.32"/>
<g fill="#a5633f" opacity="0.75">
<circle cx="290" cy="660" r="5"/><circle cx="322" cy="676" r="4"/><circle cx="350" cy="652" r="4"/>
<circle cx="566" cy="656" r="5"/><circle cx="598" cy="672" r="4"/><circle cx="628" cy="654" r="4"/>
</g>
<circle cx="566" cy="840" r="8" fill="#4b2c1c"/>
<circle cx="384" cy="876" r="8" fill="#c9544c"/>`;

const BAR = '<rect x="225" y="490" width="450" height="130" fill="#20262b"/>';

/** The face, looking at whoever looks at it. Deterministic, and without any text: fonts differ from machine to machine. */
export function faceSvg({ width, height, anonymised = false, close = false }: Portrait): string {
  const frame = close ? CLOSE : { x: 0, y: 0, ...CANVAS };
  const parts = [BACKGROUND, HAIR_BEHIND, BODY, FACE, HAIR_BEFORE, EYE(340), EYE(560), NOSE_AND_MOUTH, SKIN_FEATURES];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"
  viewBox="${frame.x} ${frame.y} ${frame.width} ${frame.height}" preserveAspectRatio="xMidYMid slice">
<defs><radialGradient id="skin" cx="45%" cy="40%" r="75%">
<stop offset="0" stop-color="#f3d2bb"/><stop offset="0.7" stop-color="${SKIN}"/><stop offset="1" stop-color="#cf9f82"/>
</radialGradient></defs>
${[...parts, anonymised ? BAR : ''].join('\n')}
</svg>
`;
}
