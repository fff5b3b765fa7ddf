/** The API's part about logging in with a vendor as a person: begin, ask whether it is confirmed, see whether it works. */
import { type Request, type Response, Router } from 'express';
import type { UserConfig } from '../config.ts';
import { body, parsed } from './api-request.ts';
import * as schemas from './api-schemas.ts';
import type { Logins } from './logins.ts';
import { onlyMethods, sendProblem } from './problem.ts';
import { requireRole, userOf } from './users.ts';

/** `/sites/{site}/vendors/{vendor}/login`. */
export function loginRouter({ users, logins }: { users: readonly UserConfig[]; logins: Logins }): Router {
  const router = Router();
  const operator = requireRole(users, 'operator');

  function send(response: Response, answer: schemas.LoginAnswer | schemas.LoginState | undefined): void {
    if (answer) {
      response.json(answer);
    } else {
      sendProblem(
        response,
        404,
        'not-found',
        'The site has no route to a vendor of that name that people log in with.',
      );
    }
  }

  router
    .route('/sites/:site/vendors/:vendor/login')
    .get(operator, async (request: Request, response: Response) => {
      send(response, await logins.state(String(request.params.site), String(request.params.vendor)));
    })
    .post(operator, ...body(), async (request: Request, response: Response) => {
      const given = parsed(schemas.loginBody, request.body, response);
      if (given) {
        const at = [String(request.params.site), String(request.params.vendor)] as const;
        const by = userOf(response).name;
        const { login } = given;
        send(response, login === undefined ? await logins.begin(...at, by) : await logins.poll(...at, login, by));
      }
    })
    .all(onlyMethods('GET', 'POST'));
  return router;
}
