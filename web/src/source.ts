import { decode, extend, fromBase64, none, unzip, type Series } from './block'
import type { Change, Details, Loaded, RunList, Telemetry, Versus } from './model'

/** Where runs come from: the server that gave this page, or the page's own file. */
export interface Source {
  list(): Promise<RunList>
  load(id: string): Promise<Loaded>
  /** How the further runs compare with the first. */
  compare(ids: string[]): Promise<Versus[]>
  /** Tells of changes until the returned function is called. */
  follow?(ids: string[], told: Follower): () => void
  telemetry?: { status(): Promise<Telemetry>; decide(yes: boolean): Promise<Telemetry> }
  /** Of a report: when it was made, by which version, and whether private things are in it. */
  report?: { made: string; version: string; private: boolean }
}

export interface Follower {
  changed(id: string, change: Change): void
  series(id: string, apply: (old: Series) => Series): void
  list(): void
  connected(yes: boolean): void
}

async function get(path: string): Promise<Response> {
  const answer = await fetch(path, { cache: 'no-store', credentials: 'omit' })
  if (!answer.ok) throw new Error((await answer.text()).trim().slice(0, 300) || `status ${answer.status}`)
  return answer
}

function query(ids: string[]): string {
  return ids.map((id) => 'run=' + encodeURIComponent(id)).join('&')
}

/** The server that gave this page. Its address holds the token: all paths are relative. */
export const server: Source = {
  list: async () => (await get('api/runs')).json() as Promise<RunList>,
  load: async (id) => {
    const path = 'api/runs/' + encodeURIComponent(id)
    const [details, series] = await Promise.all([
      get(path).then((r) => r.json() as Promise<Details>),
      get(path + '/series').then(async (r) => decode(await r.arrayBuffer()).series),
    ])
    return { details, series }
  },
  compare: async (ids) => (await get('api/compare?' + query(ids))).json() as Promise<Versus[]>,
  follow: (ids, told) => {
    const events = new EventSource('api/live?' + query(ids))
    const on = (name: string, f: (data: string) => void): void => {
      events.addEventListener(name, (e) => f((e as MessageEvent<string>).data))
    }
    events.onopen = () => told.connected(true)
    events.onerror = () => told.connected(false)
    on('list', () => told.list())
    on('change', (data) => {
      const { id, ...change } = JSON.parse(data) as Change & { id: string }
      told.changed(id, change)
    })
    on('series', (data) => {
      const { id, block } = JSON.parse(data) as { id: string; block: string }
      const { series, whole } = decode(fromBase64(block))
      told.series(id, (old) => (whole ? series : extend(old, series)))
    })
    return () => events.close()
  },
  telemetry: {
    status: async () => (await get('api/telemetry')).json() as Promise<Telemetry>,
    decide: async (yes) => {
      const answer = await fetch('api/telemetry', {
        method: 'POST',
        credentials: 'omit',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ telemetry: yes ? 'on' : 'off' }),
      })
      if (!answer.ok) throw new Error((await answer.text()).trim().slice(0, 500))
      return (await answer.json()) as Telemetry
    },
  },
}

interface Report {
  made: string
  version: string
  private: boolean
  runs: Details[]
  versus: Versus[]
}

/** The page's own file, where it is a report; undefined where a server gave it. */
export function report(): Source | undefined {
  const data = document.getElementById('report')?.textContent
  if (!data) return undefined
  const { runs, versus, ...made } = JSON.parse(data) as Report
  return {
    report: made,
    // It was compared when it was made, with the run that was named first.
    compare: (ids) => Promise.resolve(ids[0] === runs[0]?.id ? versus : []),
    list: () =>
      Promise.resolve({
        runs: runs.map((run) => ({
          id: run.id,
          short_id: run.short_id,
          attempt: run.attempt,
          ...(run.private?.name ? { name: run.private.name } : {}),
          ...(run.started ? { started: run.started } : {}),
          ...(run.numbers.outcome ? { outcome: run.numbers.outcome } : {}),
          ...(run.numbers.duration_s !== undefined ? { duration_s: run.numbers.duration_s } : {}),
          ...(run.numbers.steps_total !== undefined ? { steps_total: run.numbers.steps_total } : {}),
        })),
      }),
    load: async (id) => {
      const at = runs.findIndex((run) => run.id === id)
      const details = runs[at]
      if (!details) throw new Error('this report has no such run')
      const packed = document.getElementById(`series-${at}`)?.textContent
      const series = packed ? decode(await unzip(fromBase64(packed))).series : none
      return { details, series }
    },
  }
}
