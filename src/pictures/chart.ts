import { AdapterError } from '../errors.ts';
import { type Chart, layoutChart } from './chart-layout.ts';
import { drawApart } from './draw-apart.ts';

export type { Chart, ChartGroup, ChartRow } from './chart-layout.ts';

/**
 * A chart of counts as PNG, 1200 pixels wide and at most some 4100 high: bars in groups below a banner, which is on the
 * picture itself. Drawn in the drawing process. Equal charts give equal bytes on one machine; another one's fonts draw
 * other letters. Throws `unexpected`, permanent and to be held, where this machine has no font: bars without a banner and
 * labels would say nothing, and empty boxes less.
 */
export async function drawChart(chart: Chart): Promise<Uint8Array> {
  if (!(await drawApart.canWrite())) {
    throw new AdapterError('unexpected', 'A chart cannot be drawn: this machine has no font', {
      kind: 'permanent',
      remedy: 'hold',
      operator: 'Install a font (Debian: fonts-dejavu-core), restart the adapter, then retry.',
    });
  }
  return drawApart.svg(layoutChart(chart).svg);
}
