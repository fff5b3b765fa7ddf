/** OpenTelemetry spans, for whoever runs an SDK beside the adapter; without one they cost nothing. Attributes hold no PHI. */
import { SpanStatusCode, trace } from '@opentelemetry/api';
import { asAdapterError } from './errors.ts';

const tracer = trace.getTracer('fhir-ai-adapter');

/** Runs `work` in a span of that name; an error is recorded by its code alone, and thrown on. */
export async function spanned<T>(
  name: string,
  attributes: Record<string, string | number>,
  work: () => Promise<T>,
): Promise<T> {
  return tracer.startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await work();
    } catch (thrown) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: asAdapterError(thrown).code });
      throw thrown;
    } finally {
      span.end();
    }
  });
}
