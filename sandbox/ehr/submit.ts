/** POST of a batch or transaction Bundle, with what can be made to go wrong with it. */
import { setTimeout as delay } from 'node:timers/promises';
import { isOk, isResource } from '@medplum/core';
import type { FhirResponse } from '@medplum/fhir-router';
import type { Bundle } from '@medplum/fhirtypes';
import { jsonOf } from './body.ts';
import type { Call, Server } from './call.ts';
import { outcome } from './outcomes.ts';
import { sendOutcome, sendResource } from './respond.ts';
import { answerBundle, asBundle, checkTransaction, targets } from './transactions.ts';

export async function submit(server: Server, call: Call): Promise<void> {
  const { manner, transactions, repository, router, fault, run, toServed } = server;
  const bundle = asBundle(jsonOf(call.request), transactions);
  if (fault('transaction-not-committed-503')) {
    return sendOutcome(call.response, outcome('unavailable', 'transient', 'Temporarily unavailable'));
  }
  const atomic = bundle.type === 'transaction' && transactions === 'atomic';
  if (atomic) {
    checkTransaction(bundle);
  }
  const prefer = call.request.get('prefer') ?? '';
  const commit = async (): Promise<FhirResponse> => {
    // The library assigns ids and rewrites URLs in the Bundle it is given.
    const body: Bundle = structuredClone(bundle);
    const { result, changes } = await run(async () => {
      const request = { method: 'POST', url: '/', pathname: '', params: {}, query: {}, body } as const;
      return repository.within(targets(bundle, 'PUT'), targets(bundle, 'DELETE'), () =>
        router.handleRequest({ ...request, config: { transactions: atomic } }, repository),
      );
    });
    const [said, answered] = result;
    return isResource<Bundle>(answered, 'Bundle')
      ? [said, toServed(answerBundle(bundle, answered, { manner, prefer, changes }))]
      : result;
  };
  if (fault('late-commit')) {
    void delay(server.faultMs, undefined, { ref: false })
      .then(commit)
      .catch(() => undefined);
    return sendOutcome(call.response, outcome('server-timeout', 'timeout', 'Gateway timeout'));
  }
  const [result, answer] = await commit();
  if (fault('transaction-answer-lost')) {
    call.request.socket.destroy();
    return;
  }
  if (!isOk(result) || !answer) {
    return sendOutcome(call.response, result);
  }
  sendResource(call.request, call.response, { status: 200, resource: answer });
}
