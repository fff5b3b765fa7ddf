/** A picture for people of a map that only programs can open, with what its colours mean. */
import { AdapterError } from '../../errors.ts';
import { previewTiff } from '../../pictures/preview.ts';
import { previewName, titleOf } from './artifact-names.ts';
import type { Ctx } from './documents.ts';
import { RESEARCH_ONLY } from './facts.ts';
import type { Artifact, SlidePart } from './state.ts';
import { spelt } from './words.ts';

const UNVERIFIED = 'AI-generated, not verified by a clinician.';

/** The part with one more preview. A map that cannot be drawn is no reason to fail what is analysed and paid for. */
export async function preview(
  part: SlidePart,
  map: Artifact & { file: string },
  { number, research }: { number: number; research: boolean },
  context: Ctx,
): Promise<SlidePart> {
  const file = previewName(number, map.name);
  try {
    const legend = map.legend.map(({ label, color }) => ({ label: spelt(label), color }));
    const banner = research ? `${UNVERIFIED} ${RESEARCH_ONLY}` : UNVERIFIED;
    const { png } = await previewTiff(await context.files.read(map.file), legend, { banner });
    const title = `${titleOf(number, map.name)} (preview)`;
    await context.files.put({ name: file, contentType: 'image/png', title, bytes: png });
    return { ...part, previews: [...part.previews, { artifact: map.name, file }] };
  } catch (thrown) {
    if (thrown instanceof AdapterError && thrown.kind === 'permanent') {
      return { ...part, unpreviewed: [...part.unpreviewed, map.name] };
    }
    throw thrown;
  }
}
