/** The algorithm applications that a dataset can be connected to. */

/** The one that this vendor is used for. */
export const FACE_SKIN_METRICS = 'face_skin_metrics_3';

export interface Application {
  id: string;
  name: string;
  tech_name: string;
  /** The applications that it works on, by `tech_name`. */
  needs: string[];
}

export const APPLICATIONS: readonly Application[] = [
  {
    id: '16bc2931-af99-5f19-87ed-77860cc6f8ce',
    name: 'Face Skin Metrics 2.0',
    tech_name: 'face_skin_metrics_2.0',
    needs: [],
  },
  {
    id: '9f2f1f5e-6f0b-5c57-8a3a-1b8a52f6a0d3',
    name: 'Face Skin Metrics 3.0',
    tech_name: FACE_SKIN_METRICS,
    needs: [],
  },
  {
    id: '4a7ce0d1-23f4-5b0e-9c51-7a0e1c3d9b62',
    name: 'Product Recommendations',
    tech_name: 'product_recommendations',
    needs: ['face_skin_metrics_2.0'],
  },
];

/** The tech names that are missing for an application to be connected, the deepest need first. */
export function missingFor(application: Application, connected: readonly string[]): string[] {
  const needed = application.needs.flatMap((name) => {
    const need = APPLICATIONS.find(({ tech_name }) => tech_name === name);
    return need ? [...missingFor(need, connected), name] : [];
  });
  return [...new Set(needed)].filter((name) => !connected.includes(name));
}
