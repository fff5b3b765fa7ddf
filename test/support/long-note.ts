/** A long clinical note, invented, and the same words in other formats. */

const FILLER = `Her day begins at six, when she bakes for the neighbours’ café; she walks the dog along the Müllerstraße and naps after lunch. She lives on the third floor without a lift. She is a retired pâtissière, a widow, and looks after two grandchildren on Wednesdays. She drinks one glass of wine on Sundays and gave up smoking in the nineties. Tablets are laid out for the week by the pharmacy in the Rue de l’Église. The text of the questionnaire 📋 was read to her, since she had left her glasses 👓 in the taxi.`;

/** More than 6,000 code points: headings, accents, emoji and other characters beyond the basic plane. */
export const LONG_NOTE = `CARDIOLOGY OUTPATIENT CLINIC – LETTER 🫀
Visit of 19 November 2026, Dr Zoë Peeters 👩‍⚕️, room 𝟜𝟚

Reason for visit
Reviewed for exertional dyspnoea that has slowly worsened since the spring 🌸. ${FILLER}

History
Type 2 diabetes mellitus since 2014, on metformin. Essential hypertension since 2009 🙂, controlled. Paroxysmal atrial fibrillation diagnosed in March 2021. Ménière’s café notes were lost 𝒙𝒚𝒛. ${FILLER}

${FILLER}

In September 2023 she underwent catheter ablation, without complications. ${FILLER}

Family history
Her father died of a myocardial infarction at 59 💔. Her sister has breast cancer and hypothyroidism.

Social history
${FILLER}

${FILLER}

Symptoms
Occasional palpitations, mostly in the evening 🌆. No chest pain. She denies syncope and haemoptysis. Fatigue has been prominent since June 2026. ${FILLER}

${FILLER}

Examination
Blood pressure 138/76 mmHg, pulse 78/min, SpO₂ 95 %, temperature 36.8 °C. There is no jaundice. ${FILLER}

Investigations
Échocardiographie in October 2026: moderate mitral regurgitation 🩺. ${FILLER}

${FILLER}

Assessment
1. Probable heart failure with preserved ejection fraction.
2. Iron deficiency anaemia, newly found 🩸; the source is not yet known.
3. Possible obstructive sleep apnoea: she snores 😴.

Differential diagnosis
Pulmonary hypertension, sarcoidosis.

Plan
Colonoscopy is requested. Review on 14 January 2027, with the results. ${FILLER}
`;

/** What has to be written of it, by SNOMED CT code; a Condition with its verificationStatus. */
export const WRITTEN: Readonly<Record<string, string>> = {
  '44054006': 'unconfirmed',
  '59621000': 'unconfirmed',
  '282825002': 'unconfirmed',
  '48724000': 'unconfirmed',
  '446221000': 'provisional',
  '87522002': 'unconfirmed',
  '78275009': 'provisional',
  '70995007': 'differential',
  '31541009': 'differential',
};
/** Symptoms and procedures that have to be written. */
export const OBSERVED: readonly string[] = ['60845006', '80313002', '84229001'];
export const DONE: readonly string[] = ['18286008'];
/** What is denied, somebody else's or only planned: told in the report, never written. */
export const LISTED: Readonly<Record<string, RegExp>> = {
  'Chest pain': /negated/,
  Syncope: /negated/,
  Hemoptysis: /negated/,
  Jaundice: /negated/,
  'Myocardial infarction': /family/,
  Hypothyroidism: /family/,
};

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** Every paragraph of its own, every line broken by hand. */
export function asHtml(text: string): string {
  const paragraphs = text.split('\n\n').map((paragraph) => `<p>${escaped(paragraph).replaceAll('\n', '<br/>')}</p>`);
  return `<!DOCTYPE html><html><head><meta charset="utf-8"><title>Letter</title></head><body>${paragraphs.join('\n')}</body></html>`;
}

/** RTF in ASCII: everything else as UTF-16 units, signed as the format wants them. */
export function asRtf(text: string): string {
  const unit = (char: string) => {
    const code = char.charCodeAt(0);
    return code < 128 ? char : `\\u${code > 32_767 ? code - 65_536 : code}?`;
  };
  const words = text.replace(/[\\{}]/g, '\\$&').split('');
  return `{\\rtf1\\ansi\\ansicpg1252\\uc1\\deff0{\\fonttbl{\\f0 Arial;}}\\f0 ${words.map((char) => (char === '\n' ? '\\par\n' : unit(char))).join('')}}`;
}

const LINES_OF_A_PAGE = 65;

/** Pages of lines in a PDF as old systems make them; Latin-1 only. */
export function asPdf(text: string): Uint8Array {
  const lines = text.split('\n').flatMap((line) => line.match(/.{1,90}(?:\s|$)|^$/g) ?? []);
  const shown = lines.map((line) => `(${line.trimEnd().replace(/[\\()]/g, '\\$&')}) Tj T*`);
  const pages = Array.from({ length: Math.ceil(shown.length / LINES_OF_A_PAGE) }, (_, index) =>
    shown.slice(index * LINES_OF_A_PAGE, (index + 1) * LINES_OF_A_PAGE),
  );
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Kids [${pages.map((_, index) => `${4 + 2 * index} 0 R`).join(' ')}] /Count ${pages.length} >>`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>',
    ...pages.flatMap((page, index) => {
      const content = `BT /F1 9 Tf 40 800 Td 11 TL\n${page.join('\n')}\nET`;
      return [
        `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents ${5 + 2 * index} 0 R /Resources << /Font << /F1 3 0 R >> >> >>`,
        `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
      ];
    }),
  ];
  let file = '%PDF-1.4\n';
  const places = objects.map((object, index) => {
    const at = file.length;
    file += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(at).padStart(10, '0')} 00000 n \n`;
  });
  const table = file.length;
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${places.join('')}`;
  file += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${table}\n%%EOF\n`;
  return Buffer.from(file, 'latin1');
}
