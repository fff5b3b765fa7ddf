import { randomBytes } from 'node:crypto';
import { AIGNOSTICS_DEFAULTS } from '../aignostics/defaults.ts';
import { HAUTAI_DEFAULTS } from '../hautai/defaults.ts';
import { HISTAI_DEFAULTS } from '../histai/defaults.ts';
import { PATHS } from '../index.ts';

/** The configuration of an adapter for the sandbox, as a user would write it. */
export function demoConfiguration(at: {
  port: number;
  adapterUrl: string;
  ehrUrl: string;
  vendorsUrl: string;
  folder: string;
  token: string;
}): string {
  const key = () => randomBytes(16).toString('hex');
  return `http: { port: ${at.port}, publicUrl: '${at.adapterUrl}' }
security: { signingKey: ${key()}, encryptionKey: ${key()} }
database: { folder: '${at.folder}' }
console:
  users:
    - { name: sandbox, token: ${at.token}, roles: [operator, approver] }
sites:
  - name: sandbox
    fhir: { baseUrl: '${at.ehrUrl}', auth: { type: none } }
    subscriptions: { secret: ${key()}, sweep: '*/1 * * * *' }
    policy: { requireConsent: [hautai] }
    vendors:
      healthsage: { baseUrl: '${at.vendorsUrl}${PATHS.healthsage}', apiKey: sandbox-key }
      hemato:
        baseUrl: '${at.vendorsUrl}${PATHS.hemato}'
        auth: { type: session, user: sandbox@example.com, password: sandbox-password }
      hautai:
        baseUrl: '${at.vendorsUrl}${PATHS.hautai}'
        token: ${HAUTAI_DEFAULTS.token}
        companyId: ${HAUTAI_DEFAULTS.companyId}
        datasetId: ${HAUTAI_DEFAULTS.datasetId}
        storageHosts: [localhost]
      aignostics:
        baseUrl: '${at.vendorsUrl}${PATHS.aignostics}/api/v1'
        auth:
          clientId: ${AIGNOSTICS_DEFAULTS.clientId}
          tenant: '${at.vendorsUrl}${PATHS.aignostics}/auth0'
          audience: ${AIGNOSTICS_DEFAULTS.audience}
          refreshToken: ${AIGNOSTICS_DEFAULTS.refreshToken}
        storageHosts: [localhost]
      histai:
        baseUrl: '${at.vendorsUrl}${PATHS.histai}'
        apiKey: ${HISTAI_DEFAULTS.apiKey}
        storageHosts: [localhost]
        download: true
        caseResources: true
    routes:
      - id: note-coding
        on: DocumentReference?status=current&type=http://loinc.org|11506-3
        vendor: healthsage
      - id: blood-smear
        on: ServiceRequest?status=active&code=http://loinc.org|5909-7
        vendor: hemato
      - id: skin-photo
        on: ServiceRequest?status=active&code=urn:fhir-ai-adapter:sandbox|facial-skin-analysis
        vendor: hautai
      - id: tumour-slide
        on: ServiceRequest?status=active&code=urn:fhir-ai-adapter:sandbox|he-tumour-microenvironment
        vendor: aignostics
        options: { application: he-tme, version: 1.4.0 }
      - id: research-cohort
        on: ServiceRequest?status=active&code=urn:fhir-ai-adapter:sandbox|research-cohort
        vendor: histai
`;
}
