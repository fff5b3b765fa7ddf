import { CLINICAL_CLASSES } from './facts.ts';
import type { Application } from './state.ts';

/** Where nothing says that an application may be used on patients, it may not. */
export const isResearchOnly = ({ classes }: Pick<Application, 'classes'>): boolean =>
  !classes.some((one) => CLINICAL_CLASSES.includes(one.toUpperCase()));
