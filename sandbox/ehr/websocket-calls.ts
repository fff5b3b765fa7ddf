/** The REST side of Subscriptions over WebSockets: they are made and read like others, but nothing is stored. */
import { isResource } from '@medplum/core';
import type { Subscription } from '@medplum/fhirtypes';
import { jsonOf } from './body.ts';
import type { Call, Server } from './call.ts';
import { sendResource } from './respond.ts';
import type { WebSockets } from './websocket.ts';

/** Whether the call was about one of them, and is answered. Throws the refusals. */
export function serveWebSocketCall(server: Server, webSockets: WebSockets, call: Call): boolean {
  const { method, segments, request, response } = call;
  const [type, id, operation] = segments;
  if (type !== 'Subscription') {
    return false;
  }
  if (method === 'GET' && id !== undefined && operation === '$get-ws-binding-token') {
    sendResource(request, response, { status: 200, resource: webSockets.bindingToken(id) });
    return true;
  }
  if (method === 'GET' && id !== undefined && operation === undefined) {
    const kept = webSockets.read(id);
    if (kept) {
      sendResource(request, response, { status: 200, resource: kept });
    }
    return kept !== undefined;
  }
  const body: unknown = method === 'POST' && id === undefined ? jsonOf(request) : undefined;
  if (isResource<Subscription>(body, 'Subscription') && body.channel?.type === 'websocket') {
    const resource = webSockets.create(body);
    sendResource(request, response, { status: 201, resource, location: server.base() });
    return true;
  }
  return false;
}
