// Several runs side by side. The first is what the others are compared with; what
// is more than chance says `trainwatch compare`, and only that is coloured.

import { swatch } from './chart'
import { h } from './dom'
import * as say from './format'
import { badge } from './head'
import { duration, title, type Details, type Loaded, type Numbers, type Versus } from './model'

interface Figure {
  name: string
  key: string // as compare knows it
  words: (v: number) => string
  of?: (run: Details, now: number) => number | undefined
}

const figures: Figure[] = [
  { name: 'Took', key: 'duration_s', words: say.seconds, of: duration },
  { name: 'Steps', key: 'steps_total', words: say.count },
  { name: 'Step, mean', key: 'step_mean_ms', words: say.millis },
  { name: 'Step, median', key: 'step_p50_ms', words: say.millis },
  { name: 'Step, p95', key: 'step_p95_ms', words: say.millis },
  { name: 'Step, p99', key: 'step_p99_ms', words: say.millis },
  { name: 'Tokens a second', key: 'tokens_per_s', words: say.scaled },
  { name: 'Loss', key: 'loss', words: say.number },
  { name: 'GPU use', key: 'gpu_util_pct', words: say.percent },
  { name: 'SM active', key: 'gpu_sm_active_pct', words: say.percent },
  { name: 'GPU memory, peak', key: 'gpu_mem_used_peak_bytes', words: say.bytes },
  {
    name: 'GPU energy a step',
    key: 'gpu_energy_per_step_j',
    words: say.energy,
    of: (run) => run.numbers.gpu?.energy_per_step_j,
  },
  { name: 'Memory, peak', key: 'process_rss_peak_bytes', words: say.bytes },
  { name: 'CPU', key: 'process_cpu_pct', words: say.percent },
]

function value(figure: Figure, run: Details, now: number): number | undefined {
  if (figure.of) return figure.of(run, now)
  const v = run.numbers[figure.key as keyof Numbers]
  return typeof v === 'number' ? v : undefined
}

export function comparison(
  runs: Loaded[],
  versus: Versus[],
  now: number,
  drop: (id: string) => void,
): HTMLElement {
  const head = h(
    'tr',
    {},
    h('th', { scope: 'col' }, h('span', { class: 'hidden', text: 'Figure' })),
    ...runs.map((run, i) =>
      h(
        'th',
        { scope: 'col', title: run.details.id },
        swatch(`run-${i}`),
        h('span', { class: 'name', text: title(run.details) }),
        badge(run.details.live, run.details.numbers.outcome),
        h('button', {
          class: 'quiet',
          type: 'button',
          text: '×',
          title: 'Take this run away',
          aria: { label: `Take ${title(run.details)} away` },
          on: { click: () => drop(run.details.id) },
        }),
      ),
    ),
  )
  const rows = figures.map((figure) => {
    const values = runs.map((run) => value(figure, run.details, now))
    if (values.every((v) => v === undefined)) return null
    return h(
      'tr',
      {},
      h('th', { scope: 'row', text: figure.name }),
      ...values.map((v, i) =>
        h(
          'td',
          {},
          v === undefined ? say.unknown : figure.words(v),
          i > 0
            ? change(
                figure,
                v,
                values[0],
                versus.find((o) => o.id === runs[i]?.details.id),
              )
            : null,
        ),
      ),
    )
  })
  return h(
    'div',
    { class: 'scroll' },
    h('table', { class: 'comparison' }, h('thead', {}, head), h('tbody', {}, ...rows)),
  )
}

const known: Record<string, string> = { better: 'good', worse: 'bad' }

function change(
  figure: Figure,
  v: number | undefined,
  base: number | undefined,
  versus?: Versus,
): HTMLElement | null {
  const told = versus?.metrics.find((m) => m.name === figure.key)
  const by = told?.change_pct ?? (v !== undefined && base ? (v / base - 1) * 100 : undefined)
  if (by === undefined || !Number.isFinite(by)) return null
  const verdict = told?.verdict ?? ''
  const range =
    told?.low_pct !== undefined && told.high_pct !== undefined
      ? `the true change lies between ${signed(told.low_pct)} and ${signed(told.high_pct)}`
      : undefined
  return h(
    'span',
    { class: `change ${known[verdict] ?? ''}`, title: range },
    h('b', { text: signed(by) }),
    h('span', { class: 'verdict', text: verdict }),
  )
}

function signed(pct: number): string {
  if (Math.abs(pct) < 0.05) return '±0 %'
  return (pct > 0 ? '+' : '−') + say.digits(Math.abs(pct)) + ' %'
}

const mostSettings = 100

/** What was set, or found, otherwise; null where that is nothing. */
export function differences(runs: Loaded[], versus: Versus[]): HTMLElement | null {
  const names = [...new Set(versus.flatMap((v) => v.settings.map((s) => s.name)))].slice(0, mostSettings)
  if (names.length === 0) return null
  const first = (name: string): string =>
    versus.flatMap((v) => v.settings).find((s) => s.name === name)?.a ?? say.unknown
  const rows = names.map((name) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row', text: say.words(name) }),
      ...runs.map((run, i) => {
        const of = versus.find((v) => v.id === run.details.id)
        const found = of?.settings.find((s) => s.name === name)
        const text = i === 0 ? first(name) : of && !found ? first(name) : (found?.b ?? say.unknown)
        return h('td', { text })
      }),
    ),
  )
  return h(
    'section',
    { class: 'panel table wide settings' },
    h('header', {}, h('h3', { text: 'Set or found otherwise' })),
    h(
      'div',
      { class: 'scroll' },
      h(
        'table',
        {},
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            h('th', { scope: 'col', text: 'What' }),
            ...runs.map((run, i) => h('th', { scope: 'col' }, swatch(`run-${i}`), ' ', title(run.details))),
          ),
        ),
        h('tbody', {}, ...rows),
      ),
    ),
  )
}
