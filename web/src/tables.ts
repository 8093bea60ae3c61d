// What stands below the charts: the slowest steps, the devices, the epochs, the
// machine and its settings.

import { h } from './dom'
import * as say from './format'
import type { Details } from './model'
import { spanName } from './timeline'

type Cell = string | HTMLElement

function table(
  title: string,
  heads: string[],
  rows: Cell[][],
  note?: string,
  wide = false,
): HTMLElement | null {
  if (rows.length === 0) return null
  return h(
    'section',
    { class: wide ? 'panel table wide' : 'panel table' },
    h('header', {}, h('h3', { text: title }), note ? h('span', { class: 'note', text: note }) : null),
    h(
      'div',
      { class: 'scroll' },
      h(
        'table',
        {},
        h('thead', {}, h('tr', {}, ...heads.map((text) => h('th', { scope: 'col', text })))),
        h('tbody', {}, ...rows.map((row) => h('tr', {}, ...row.map((cell) => h('td', {}, cell))))),
      ),
    ),
  )
}

function known(v: number | undefined, words: (v: number) => string): string {
  return v === undefined ? say.unknown : words(v)
}

const mostRows = 200

export function tables(run: Details, look: (atS: number) => void): (HTMLElement | null)[] {
  const n = run.numbers
  const slow = (n.slowest_steps ?? []).map((s): Cell[] => [
    h('button', {
      class: 'link',
      type: 'button',
      text: say.count(s.step),
      title: 'Show this part of the run',
      on: { click: () => look(s.at_s) },
    }),
    say.millis(s.took_ms),
    n.step_p50_ms && n.step_p50_ms > 0 && s.took_ms > 0
      ? say.digits(s.took_ms / n.step_p50_ms) + ' ×'
      : say.unknown,
    say.seconds(s.at_s),
  ])
  const gpus = (n.gpus ?? []).map((g, i): Cell[] => [
    String(g.index ?? i) + (g.mig ? '/' + g.mig : ''),
    g.model ?? say.unknown,
    known(g.util_pct, say.percent),
    known(g.sm_active_pct, say.percent),
    g.mem_used_peak_bytes === undefined
      ? say.unknown
      : say.bytes(g.mem_used_peak_bytes) + (g.mem_total_bytes ? ' of ' + say.bytes(g.mem_total_bytes) : ''),
    known(g.power_w, say.watts),
    known(g.temp_c, say.celsius),
    known(total(g.throttle_s), say.seconds),
    known(g.xids, say.count),
  ])
  const epochs = run.epochs
    .slice(-mostRows)
    .map((e): Cell[] => [
      say.count(e.epoch),
      say.seconds(e.epoch_s),
      e.steps > 0 ? say.count(e.steps) : say.unknown,
      say.seconds(e.at_s),
    ])
  return [
    table('Slowest steps', ['Step', 'Took', 'Of the median', 'At'], slow),
    phases(run),
    table(
      'GPUs',
      ['GPU', 'Model', 'Use', 'SM', 'Memory, peak', 'Power', 'Temp.', 'Throttled', 'Errors'],
      gpus,
      undefined,
      true,
    ),
    table(
      'Epochs',
      ['Epoch', 'Took', 'Steps', 'Ended at'],
      epochs,
      run.epochs.length > mostRows ? `the last ${mostRows} of ${say.count(run.epochs.length)}` : undefined,
    ),
    facts('Machine and settings', system(run)),
    facts('Run', origin(run)),
    run.private?.stack
      ? h(
          'section',
          { class: 'panel table wide' },
          h('header', {}, h('h3', { text: 'Stack' })),
          h('pre', { text: run.private.stack }),
        )
      : null,
  ]
}

function total(by: Record<string, number> | undefined): number | undefined {
  return by ? Object.values(by).reduce((a, b) => a + b, 0) : undefined
}

function phases(run: Details): HTMLElement | null {
  const sums = new Map<string, { n: number; s: number; longest: number }>()
  for (const span of run.spans) {
    const sum = sums.get(span.kind) ?? { n: 0, s: 0, longest: 0 }
    sum.n++
    sum.s += span.took_s
    sum.longest = Math.max(sum.longest, span.took_s)
    sums.set(span.kind, sum)
  }
  const rows = [...sums].map(([kind, sum]): Cell[] => [
    spanName(kind),
    say.count(sum.n),
    say.seconds(sum.s),
    say.seconds(sum.longest),
  ])
  return table('Phases', ['What', 'Times', 'Together', 'Longest'], rows)
}

function facts(title: string, list: [string, string][]): HTMLElement | null {
  if (list.length === 0) return null
  return h(
    'section',
    { class: 'panel table' },
    h('header', {}, h('h3', { text: title })),
    h(
      'dl',
      { class: 'facts' },
      ...list.flatMap(([name, text]) => [h('dt', { text: name }), h('dd', { text })]),
    ),
  )
}

function system(run: Details): [string, string][] {
  return Object.entries(run.system)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, v]) => {
      if (typeof v !== 'number') return [say.words(name), v === true ? 'yes' : v === false ? 'no' : v]
      if (name.endsWith('_bytes')) return [say.words(name.slice(0, -6)), say.bytes(v)]
      return [say.words(name), Number.isInteger(v) && v < 10000 ? String(v) : say.number(v)]
    })
}

function origin(run: Details): [string, string][] {
  const p = run.private
  const n = run.numbers
  const list: [string, string | undefined][] = [
    ['id', run.id],
    ['attempt', run.attempt > 1 ? String(run.attempt) : undefined],
    ['started', run.started ? say.clock(run.started) : undefined],
    ['host', p?.host],
    ['directory', p?.dir],
    ['job', p?.job],
    ['ended', p?.how_it_ended],
    ['exit status', n.exit_code === undefined ? undefined : String(n.exit_code)],
    ['signal', n.signal === undefined ? undefined : String(n.signal)],
    ['crash', p?.crash_class ? say.words(p.crash_class) : undefined],
    [
      'first step after',
      n.time_to_first_step_s === undefined ? undefined : say.seconds(n.time_to_first_step_s),
    ],
    ['compilation', n.compile_s === undefined ? undefined : say.seconds(n.compile_s)],
    [
      'last finite loss',
      n.loss_lost_at_step === undefined ? undefined : 'at step ' + say.count(n.loss_lost_at_step),
    ],
    ['step records lost', n.step_records_lost === undefined ? undefined : say.count(n.step_records_lost)],
    ['events dropped', n.dropped_events === undefined ? undefined : say.count(n.dropped_events)],
    [
      'watching took',
      n.agent_cpu_s === undefined
        ? undefined
        : say.seconds(n.agent_cpu_s) +
          ' of CPU' +
          (n.agent_rss_bytes ? ', ' + say.bytes(n.agent_rss_bytes) : ''),
    ],
  ]
  return list.filter((entry): entry is [string, string] => Boolean(entry[1]))
}
