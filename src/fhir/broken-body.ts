/** What it means that an attachment breaks off: known where it happens, so that every reader hears it in the same words. */
import type { Dispatcher } from 'undici';
import { AdapterError } from '../errors.ts';

/** An error in the middle of a body, as `ehr-unreachable`; an AdapterError as it is. */
export function brokenBody(cause: unknown): AdapterError {
  return cause instanceof AdapterError
    ? cause
    : new AdapterError('ehr-unreachable', 'The connection broke within an attachment', { cause });
}

/**
 * Has bodies of 2xx fail with `ehr-unreachable`. What fails before an answer has begun stays as it is, and so does an answer
 * that is read whole where it comes: whoever asked judges it, and may ask again.
 */
export const classified: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
  let isHandedOn = false;
  return dispatch(options, {
    onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
    onResponseStart(controller, status, headers, message) {
      isHandedOn = status >= 200 && status <= 299;
      handler.onResponseStart?.(controller, status, headers, message);
    },
    onResponseData: (controller, piece) => handler.onResponseData?.(controller, piece),
    onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(controller, trailers),
    onResponseError: (controller, error) =>
      handler.onResponseError?.(controller, isHandedOn ? brokenBody(error) : error),
  });
};
