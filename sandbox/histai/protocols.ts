/** The free text of an invented case: short, in English, and saying nothing that its fields do not. */

export interface Finding {
  organ: string;
  name: string;
  regimen: string;
  microscopy: string;
  ihcStudies: Record<string, string>;
}

const SPECIMENS: Record<string, (size: number) => string> = {
  Biopsy: (size) => `${2 + (size % 3)} cores, the longest ${8 + size} mm.`,
  Resection: (size) => `Resected specimen, ${30 + 2 * size} mm, with a nodule of ${6 + size} mm on the cut surface.`,
  Excision: (size) => `Excised tissue, ${15 + size} mm, margins inked.`,
};

export function protocolsOf({ organ, name, regimen, microscopy, ihcStudies }: Finding, next: () => number) {
  const size = Math.floor(next() * 14);
  const markers = Object.entries(ihcStudies).map(([marker, result]) => `${marker}: ${result}.`);
  return {
    macroProtocol: `${organ}. ${SPECIMENS[regimen]?.(size) ?? ''}`.trim(),
    microProtocol: [microscopy, ...markers].join(' '),
    conclusion: `${name} (${organ.toLowerCase()}).`,
  };
}
