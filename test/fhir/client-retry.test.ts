import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openAskedQuiet } from '../../src/fhir/asked-quiet.ts';
import { etagVersion, locatedId } from '../../src/fhir/location.ts';
import { backoff, nextTry, rateLimitSeconds, retryAfterSeconds } from '../../src/fhir/retry.ts';
import { siteUrls } from '../../src/fhir/urls.ts';

const now = new Date('2026-01-01T00:00:00Z');
const headers = (values: Record<string, string>) => new Headers(values);

test('Retry-After is read as seconds or as a date', () => {
  assert.equal(retryAfterSeconds('120', now), 120);
  assert.equal(retryAfterSeconds('1.2', now), 2);
  assert.equal(retryAfterSeconds('Thu, 01 Jan 2026 00:01:30 GMT', now), 90);
  assert.equal(retryAfterSeconds('Wed, 31 Dec 2025 00:00:00 GMT', now), 0);
  for (const wrong of [null, '', '-1', 'soon', '2026-01-01']) {
    assert.equal(retryAfterSeconds(wrong, now), undefined);
  }
});

test('RateLimit gives the wait of the quota that is used up, else of the one with least left', () => {
  assert.equal(rateLimitSeconds('"requests";r=59999;t=60, "fhirInteractions";r=0;t=12'), 12);
  assert.equal(rateLimitSeconds('"requests";r=0;t=5, "fhirInteractions";r=0;t=12'), 12);
  assert.equal(rateLimitSeconds('"requests";r=59999;t=60, "fhirInteractions";r=40;t=30'), 30);
  assert.equal(rateLimitSeconds('"default";q=100;w=60'), undefined);
  assert.equal(rateLimitSeconds('"requests";r=0;t=60'), 60);
  assert.equal(rateLimitSeconds('limit=100, remaining=0, reset=50'), 50, 'the older drafts');
  assert.equal(rateLimitSeconds('limit=100, remaining=0'), undefined);
});

test('headers of any content give a number of seconds or nothing', () => {
  fc.assert(
    fc.property(fc.string(), fc.string({ unit: fc.constantFrom(...'"r=t;, 0199:GMTonThu') }), (a, b) => {
      for (const value of [
        retryAfterSeconds(a, now),
        retryAfterSeconds(b, now),
        rateLimitSeconds(a),
        rateLimitSeconds(b),
      ]) {
        assert.ok(value === undefined || (Number.isFinite(value) && value >= 0));
      }
    }),
  );
});

test('who was asked to stay away stays away, for five minutes at most, and only from there', () => {
  let time = now.getTime();
  const quiet = openAskedQuiet(() => new Date(time));
  assert.equal(quiet.left('https://ehr.example'), 0);
  quiet.ask('https://ehr.example', 60);
  quiet.ask('https://ehr.example', 5);
  assert.equal(quiet.left('https://ehr.example'), 60);
  assert.equal(quiet.left('https://storage.example'), 0);
  time += 59_500;
  assert.equal(quiet.left('https://ehr.example'), 1);
  time += 500;
  assert.equal(quiet.left('https://ehr.example'), 0);
  quiet.ask('https://ehr.example', 86_400);
  assert.equal(quiet.left('https://ehr.example'), 300);
});

test('the backoff doubles up to its limit and is spread over all of it', () => {
  assert.deepEqual(
    [1, 2, 3, 9].map((tried) => backoff(tried, 0.999999)),
    [500, 1000, 2000, 8000],
  );
  assert.equal(backoff(3, 0), 0);
});

test('what may have been done is never sent again, whatever went wrong', () => {
  const outcomes = [
    { failure: 'broken' as const },
    { failure: 'timeout' as const },
    ...[429, 500, 502, 503, 504].map((status) => ({ status, headers: headers({ 'retry-after': '1' }), text: '' })),
  ];
  for (const outcome of outcomes) {
    assert.equal(nextTry({ repeatable: false, tried: 1, outcome, now, random: 0.5 }), undefined);
    assert.notEqual(nextTry({ repeatable: true, tried: 1, outcome, now, random: 0.5 }), undefined);
  }
  const unsent = { failure: 'unsent' as const };
  assert.notEqual(nextTry({ repeatable: false, tried: 1, outcome: unsent, now, random: 0.5 }), undefined);
});

test('the id of Location and the version of ETag are found in all their spellings', () => {
  const of = (location: string) => locatedId(headers({ location }), 'Task');
  assert.equal(of('https://ehr.example/fhir/Task/12/_history/3'), '12');
  assert.equal(of('Task/12'), '12');
  assert.equal(of('/fhir/Task/12?x=Task/9'), '12');
  assert.equal(of('https://ehr.example/fhir/Device/12'), undefined);
  assert.equal(locatedId(headers({ 'content-location': 'Task/7/_history/1' }), 'Task'), '7');
  for (const etag of ['W/"3"', '"3"', '3']) {
    assert.equal(etagVersion(headers({ etag })), '3');
  }
  assert.equal(etagVersion(headers({})), undefined);
});

test('a URL is ours only below the base: same scheme, host, port and path', () => {
  const urls = siteUrls('https://ehr.example/fhir/R4', ['storage.example', 'files.example:8443']);
  const own = (url: string) => urls.isOwn(new URL(url));
  assert.ok(own('https://ehr.example:443/fhir/R4?_getpages=1'));
  assert.ok(own('https://EHR.example/fhir/R4/Task/1'));
  for (const url of [
    'http://ehr.example/fhir/R4/Task',
    'https://ehr.example:8443/fhir/R4/Task',
    'https://ehr.example.evil.test/fhir/R4/Task',
    'https://ehr.example/fhir/R4x/Task',
    'https://ehr.example/fhir/R4/../admin',
    'https://ehr.example/fhir/R4/%2e%2e/admin',
    'https://user@ehr.example/fhir/R4/Task',
  ]) {
    assert.ok(!own(url), url);
  }
  assert.ok(urls.isStorage(new URL('https://storage.example/x')));
  assert.ok(urls.isStorage(new URL('https://files.example:8443/x')));
  assert.ok(!urls.isStorage(new URL('https://files.example/x')));
  assert.ok(!urls.isStorage(new URL('http://storage.example/x')));
});

test('nothing that resolves is ours without beginning with the base', () => {
  const urls = siteUrls('http://ehr.example:8080/fhir');
  fc.assert(
    fc.property(
      fc.oneof(
        fc.webUrl(),
        fc.string(),
        fc.string().map((tail) => `http://ehr.example:8080/${tail}`),
      ),
      (text) => {
        const url = urls.resolve(text);
        return !url || !urls.isOwn(url) || /^http:\/\/ehr\.example:8080\/fhir($|[/?#])/.test(url.href);
      },
    ),
    { numRuns: 40 },
  );
});
