/** A run of the ledger: keeps a record of each paper on the disk as claims come in, and shows how far it is. */
import type { Paper } from '../papers/ledger/claim.ts';
import { recordsPage } from '../papers/ledger/page.ts';
import { type Circumstances, emptyRecord, type PaperRecord, withClaim, writeRecord } from '../papers/ledger/record.ts';
import { claimsAt, isUnexpected, summaryOf } from '../papers/ledger/runner.ts';
import { inPaperThreads, type PaperEvent, type PaperJob } from '../papers/ledger/threads.ts';
import type { EngineSettings } from '../run/engine-settings.ts';
import { writeAtomic } from '../run/files.ts';
import { claimBoard, type PaperState, type Ui } from './ui/index.ts';

export interface LedgerOptions {
  /** Where records are kept. */
  readonly folder: string;
  /** Ids of the claims that were asked for; null for all. */
  readonly only: readonly string[] | null;
  readonly circumstances: Circumstances;
  /** Settings that results do not depend on. */
  readonly engine: Pick<EngineSettings, 'threads'>;
  readonly ui: Ui;
}

export class Ledger {
  readonly #options: LedgerOptions;
  readonly #papers: readonly Paper[];
  readonly #records: Map<string, PaperRecord>;
  readonly #now = new Map<string, string>();
  readonly #startedAt = performance.now();

  constructor(papers: readonly Paper[], options: LedgerOptions) {
    this.#options = options;
    this.#papers = papers;
    this.#records = new Map(papers.map((paper) => [paper.slug, emptyRecord(paper, options.circumstances)]));
  }

  get records(): readonly PaperRecord[] {
    return [...this.#records.values()];
  }

  /** Number of claims that came out other than expected. */
  get unexpected(): number {
    return this.records.flatMap((r) => r.claims).filter(isUnexpected).length;
  }

  /** Takes up what an earlier run measured; what could not be measured then is measured again. */
  recall(record: PaperRecord | null): void {
    if (record === null) return;
    const paper = this.#papers.find(({ slug }) => slug === record.paper)!;
    const known = new Set(this.#asked(paper));
    const claims = record.claims.filter((c) => known.has(c.id) && c.failure === undefined);
    this.#records.set(record.paper, { ...record, claims });
    for (const claim of claims) this.#options.ui.event(claim);
  }

  /** Measures what is missing, `count` papers at a time. */
  async measure(count: number, signal: AbortSignal): Promise<void> {
    const jobs = this.#papers.map((paper) => this.#jobOf(paper)).filter(({ only }) => only.length > 0);
    for (const paper of this.#papers) if (!jobs.some((job) => job.slug === paper.slug)) this.#summarise(paper);
    this.draw();
    for await (const { job, event } of inPaperThreads(jobs, count, signal)) await this.#take(jobs[job]!, event);
  }

  /** Shows how far every paper is. */
  draw(): void {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    this.#options.ui.board((look) => claimBoard(this.#states(), { ...look, seconds }));
  }

  /** Writes the page of everything measured. */
  writeReport(path: string): Promise<void> {
    return writeAtomic(path, recordsPage(this.records));
  }

  async #take({ slug, only }: PaperJob, event: PaperEvent): Promise<void> {
    if (event.type === 'tick') this.#now.set(slug, tickText(event));
    else {
      const before = this.#records.get(slug)!;
      const record = withClaim({ ...before, profile: event.profile }, event.claim, event);
      this.#records.set(slug, record);
      this.#options.ui.event(event.claim);
      await writeRecord(this.#options.folder, record, before);
      if (event.claim.id === only.at(-1)) {
        this.#now.delete(slug);
        this.#summarise(this.#papers.find((paper) => paper.slug === slug)!);
      }
    }
    this.draw();
  }

  #summarise(paper: Paper): void {
    this.#options.ui.event(summaryOf(paper, this.#options.circumstances.scale, this.#records.get(paper.slug)!.claims));
  }

  #asked(paper: Paper): string[] {
    const { only, circumstances } = this.#options;
    return claimsAt(paper, circumstances.scale)
      .map((c) => c.id)
      .filter((id) => only?.includes(id) ?? true);
  }

  #jobOf(paper: Paper): PaperJob {
    const { scale, seed, profile } = this.#options.circumstances;
    const rounding = profile === 'oracle' ? {} : { profile: profile as 'fma' };
    const measured = new Set(this.#records.get(paper.slug)!.claims.map((c) => c.id));
    const only = this.#asked(paper).filter((id) => !measured.has(id));
    return { slug: paper.slug, scale, seed, only, engine: { ...rounding, ...this.#options.engine } };
  }

  #states(): PaperState[] {
    return this.#papers.map((paper) => {
      const { claims } = this.#records.get(paper.slug)!;
      return {
        paper: paper.slug,
        claims: this.#asked(paper).length,
        measured: claims.length,
        hold: claims.filter((c) => c.holds).length,
        unexpected: claims.filter(isUnexpected).length,
        now: this.#now.get(paper.slug) ?? null,
      };
    });
  }
}

const tickText = ({ what, done }: Extract<PaperEvent, { type: 'tick' }>): string =>
  done === null ? what : `${what} ${Math.floor(100 * done)} %`;
