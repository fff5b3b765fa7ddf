/**
 * The repository under the FhirRouter of @medplum/fhir-router. It extends the library's FhirRepository, not its
 * MemoryRepository: that one keeps its maps to itself, so that a failed transaction could not be taken back, forgets
 * what was deleted, reverses its history at every reading and validates nothing.
 */
import { randomUUID } from 'node:crypto';
import type { Operation, SearchRequest, WithId } from '@medplum/core';
import {
  applyPatch,
  deepClone,
  deepEquals,
  gone,
  normalizeOperationOutcome,
  notFound,
  OperationOutcomeError,
  preconditionFailed,
  stringify,
} from '@medplum/core';
import type { CreateResourceOptions, DeleteResourceOptions, UpdateResourceOptions } from '@medplum/fhir-router';
import { FhirRepository, type RepositoryMode } from '@medplum/fhir-router';
import type { Bundle, Parameters, Reference, Resource } from '@medplum/fhirtypes';
import { refuse } from './outcomes.ts';
import { checkReferences, checkUnreferenced, resolveConditional } from './references.ts';
import { findAll } from './search.ts';
import type { Store } from './store.ts';
import type { Manner, Stored, Version } from './types.ts';
import { validate, validateSubscription } from './validation.ts';

export interface RepositoryOptions {
  store: Store;
  manner: Manner;
  integrity: boolean;
  /** Bytes of one base64 value. */
  maxBytes: number;
  now(): Date;
  base(): string;
  /** Attachment URLs as they are stored: `Binary/…` for a presigned one. */
  toStored<T extends Resource>(resource: T): T;
  /** True where the server's own checks leave R4's definitions nothing to say; throws for what it refuses. */
  validated(resource: Resource): boolean;
}

/** The library's methods are generic in the resource's type; what is stored under a type is of that type. */
const typed = <T extends Resource>(resource: Stored): WithId<T> => resource as Resource as WithId<T>;

export class EhrRepository extends FhirRepository {
  readonly #options: RepositoryOptions;
  readonly #store: Store;
  #counter = 1000;
  /** What the transaction under way creates (`Type/id`, or an id of ours) and deletes: references may point forward. */
  #pending = { creates: new Set<string>(), deletes: new Set<string>(), open: false };

  constructor(options: RepositoryOptions) {
    super();
    this.#options = options;
    this.#store = options.store;
  }

  /** Runs a Bundle that puts and deletes these (`Type/id`): its own resources count as there, or as gone, from the start. */
  async within<R>(puts: Set<string>, deletes: Set<string>, work: () => Promise<R>): Promise<R> {
    this.#pending = { creates: puts, deletes, open: true };
    try {
      return await work();
    } finally {
      this.#pending = { creates: new Set(), deletes: new Set(), open: false };
    }
  }

  override setMode(_mode: RepositoryMode): void {}

  /** Medplum's ids are UUIDs, HAPI's are numbers. */
  override generateId(): string {
    if (this.#options.manner === 'medplum') {
      return randomUUID();
    }
    this.#counter += 1;
    const id = String(this.#counter);
    if (this.#pending.open) {
      this.#pending.creates.add(id);
    }
    return id;
  }

  override async createResource<T extends Resource>(resource: T, options?: CreateResourceOptions): Promise<WithId<T>> {
    // A client's id in a POST is ignored, as both servers do; an assigned one comes from the transaction's own work.
    const id = options?.assignedId && resource.id ? resource.id : this.generateId();
    return typed<T>(this.#write({ ...resource, id }, 'create'));
  }

  override async updateResource<T extends Resource>(resource: T, options?: UpdateResourceOptions): Promise<WithId<T>> {
    const { resourceType: type, id } = resource;
    if (!id) {
      throw refuse('invalid', 'invalid', 'Missing id');
    }
    const newest = this.#store.newest(type, id);
    const current = this.#store.live(type, id);
    if (!newest) {
      this.#checkClientId(type, id);
    }
    if (options?.ifMatch && current?.meta?.versionId !== options.ifMatch) {
      throw new OperationOutcomeError(preconditionFailed);
    }
    return typed<T>(this.#write({ ...resource, id }, newest ? 'update' : 'create'));
  }

  /** Medplum has no update-as-create: 404. HAPI takes ids with at least one character that is not a digit. */
  #checkClientId(type: string, id: string): void {
    if (this.#options.manner === 'medplum') {
      throw new OperationOutcomeError(notFound);
    }
    if (/^\d+$/.test(id)) {
      throw refuse(
        'invalid',
        'processing',
        `HAPI-0960: Can not create resource with ID[${id}], no resource ${type}/${id} exists and clients may only assign IDs which contain at least one non-numeric character`,
      );
    }
    if (!/^[A-Za-z0-9.-]{1,64}$/.test(id)) {
      throw refuse('invalid', 'invalid', 'Invalid resource id');
    }
  }

  #write<T extends Resource>(incoming: T & { id: string }, interaction: 'create' | 'update'): Stored {
    const { manner, integrity, maxBytes, base, now, toStored } = this.#options;
    // As it would come back from a database: no undefined, nothing shared with the caller.
    const { resourceType, id, meta: given, ...content } = incoming;
    // The head first, as servers write it.
    const copy: T & { id: string } = JSON.parse(stringify({ resourceType, id, meta: given ?? {}, ...content }));
    const resource = resolveConditional(toStored(copy), this.#store, base());
    const { versionId: _version, lastUpdated: _updated, ...meta } = resource.meta ?? {};
    const current = this.#store.live(resource.resourceType, resource.id);
    if (!this.#options.validated(resource)) {
      validate(resource, manner, maxBytes);
      validateSubscription(resource, manner);
    }
    if (integrity) {
      checkReferences(resource, this.#store, this.#pending.creates);
    }
    if (current) {
      const { versionId: _v, lastUpdated: _l, ...before } = current.meta ?? {};
      if (deepEquals({ ...resource, meta }, { ...current, meta: before })) {
        return current;
      }
    }
    const versionId = this.#nextVersion(resource.resourceType, resource.id);
    const lastUpdated = now().toISOString();
    const stored: Stored = { ...resource, meta: { ...meta, versionId, lastUpdated } };
    this.#store.append({ versionId, lastUpdated, interaction, resource: stored });
    return stored;
  }

  #nextVersion(type: string, id: string): string {
    return this.#options.manner === 'medplum' ? randomUUID() : String(this.#store.versions(type, id).length + 1);
  }

  override async patchResource<T extends Resource>(
    type: T['resourceType'],
    id: string,
    patch: Operation[] | Parameters,
    options?: UpdateResourceOptions,
  ): Promise<WithId<T>> {
    const resource = deepClone(await this.readResource<T>(type, id));
    if (!Array.isArray(patch)) {
      throw refuse('invalid', 'not-supported', 'Only JSON Patch is supported');
    }
    const [problem] = applyPatch(resource, patch).filter((each) => each !== null);
    if (problem) {
      throw refuse('invalid', 'invalid', problem.message);
    }
    return this.updateResource(resource, options);
  }

  override async deleteResource(type: string, id: string, options?: DeleteResourceOptions): Promise<void> {
    const newest = this.#store.newest(type, id);
    const current = this.#store.live(type, id);
    if (!newest && this.#options.manner === 'medplum') {
      throw new OperationOutcomeError(notFound);
    }
    if (!current) {
      return;
    }
    if (options?.ifMatch && newest?.versionId !== options.ifMatch) {
      throw new OperationOutcomeError(preconditionFailed);
    }
    if (this.#options.integrity) {
      checkUnreferenced(current, this.#store, this.#pending.deletes);
    }
    const versionId = this.#nextVersion(type, id);
    const lastUpdated = this.#options.now().toISOString();
    this.#store.append({ versionId, lastUpdated, interaction: 'delete', resource: current });
  }

  override async readResource<T extends Resource>(type: string, id: string): Promise<WithId<T>> {
    const newest = this.#store.newest(type, id);
    if (!newest) {
      throw new OperationOutcomeError(notFound);
    }
    if (newest.interaction === 'delete') {
      throw new OperationOutcomeError(gone);
    }
    return typed<T>(newest.resource);
  }

  override async readVersion<T extends Resource>(type: string, id: string, versionId: string): Promise<WithId<T>> {
    const version = this.#store.versions(type, id).find((each) => each.versionId === versionId);
    if (!version) {
      throw new OperationOutcomeError(notFound);
    }
    if (version.interaction === 'delete') {
      throw new OperationOutcomeError(gone);
    }
    return typed<T>(version.resource);
  }

  override readReference<T extends Resource>(reference: Reference<T>): Promise<WithId<T>> {
    const [type = '', id = ''] = reference.reference?.split('/') ?? [];
    return this.readResource<T>(type, id);
  }

  override readReferences<T extends Resource>(references: readonly Reference<T>[]): Promise<(T | Error)[]> {
    return Promise.all(
      references.map((reference) =>
        this.readReference<T>(reference).catch((error) => new OperationOutcomeError(normalizeOperationOutcome(error))),
      ),
    );
  }

  /** Newest first; the server makes the real history Bundles (history.ts), this is what the library's callers need. */
  override async readHistory<T extends Resource>(type: string, id: string): Promise<Bundle<WithId<T>>> {
    const versions: Version[] = this.#store.versions(type, id).filter(({ interaction }) => interaction !== 'delete');
    const entry = versions.reverse().map(({ resource }) => ({ resource: typed<T>(resource) }));
    return { resourceType: 'Bundle', type: 'history', entry };
  }

  /** All that match, within offset and count where they are given; pages are made by page.ts. */
  override async search<T extends Resource>(request: SearchRequest<T>): Promise<Bundle<WithId<T>>> {
    const found = findAll(this.#store, request, this.#options.base());
    const from = request.offset ?? 0;
    const entry = found
      .slice(from, request.count === undefined ? undefined : from + request.count)
      .map((resource) => ({ resource: typed<T>(resource), search: { mode: 'match' as const } }));
    return { resourceType: 'Bundle', type: 'searchset', total: found.length, entry };
  }

  override async searchByReference<T extends Resource>(
    request: SearchRequest<T>,
    field: string,
    references: string[],
  ): Promise<Record<string, WithId<T>[]>> {
    const found: Record<string, WithId<T>[]> = {};
    for (const value of references) {
      const filters = [...(request.filters ?? []), { code: field, operator: 'eq' as const, value }];
      found[value] = await this.searchResources<T>({ ...request, filters });
    }
    return found;
  }

  /** All or nothing: what `callback` wrote before it threw is taken back. */
  override async withTransaction<R>(callback: (repository: this) => Promise<R>): Promise<R> {
    const mark = this.#store.mark();
    try {
      return await callback(this);
    } catch (thrown) {
      this.#store.undo(mark);
      throw thrown;
    }
  }
}
