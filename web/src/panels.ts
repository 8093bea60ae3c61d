// Which charts a run has, and of what they are made: pure, from the data alone.

import type { Numbers, Series, Which } from './block'
import * as say from './format'
import { title, type Loaded } from './model'

export type Axis = 'time' | 'step'
export type Points = ArrayLike<number>

export interface Line {
  label: string
  colour: string // name of a style variable
  x: Points
  y: Points
  dash?: number[]
  width?: number
  faint?: boolean
  span?: boolean // unknown points are bridged: a step may take many ticks
  detail?: boolean // shown only where the others have few points left
  limit?: boolean // a bound, drawn dashed and left out where it would flatten the rest
}

export interface Band {
  label: string
  colour: string
  strength: number
  x: Points
  low: Points
  high: Points
}

export interface Mark {
  x: number
  y: number
  text: string
  colour: string
}

export type Unit = 'ms' | 'bytes' | 'percent' | 'watts' | 'rate' | 'number' | 'celsius'

export interface Panel {
  key: string
  title: string
  note?: string
  unit: Unit
  lines: Line[]
  bands: Band[]
  marks: Mark[]
  range?: [number, number]
  zero?: boolean // begins at 0, not where the values do
  robust?: boolean // a few large values may stand above the edge
}

export const inWords: Record<Unit, (v: number) => string> = {
  ms: say.millis,
  bytes: say.bytes,
  percent: say.percent,
  watts: say.watts,
  rate: (v) => say.scaled(v) + '/s',
  number: say.number,
  celsius: say.celsius,
}

/** Where a run's points stand on the axis: its series, and any second of it. */
export class Positions {
  readonly points: Points
  private readonly steps: Float64Array

  constructor(
    private readonly series: Series,
    readonly axis: Axis,
  ) {
    const known = series.columns.get('step')?.max ?? series.columns.get('step')?.mean
    this.steps = new Float64Array(series.at.length)
    let last = 0
    for (let i = 0; i < this.steps.length; i++) {
      const step = known?.[i]
      // A program that starts counting anew must not fold the axis back.
      if (step !== undefined && step > last) last = step
      this.steps[i] = last
    }
    this.points = axis === 'time' ? series.at : this.steps
  }

  get hasSteps(): boolean {
    return (this.steps[this.steps.length - 1] ?? 0) > 0
  }

  /** The step that was going on at second s. */
  step(s: number): number {
    const { at } = this.series
    if (at.length === 0) return 0
    const i = upper(at, s)
    if (i === 0) return this.steps[0] as number
    const a = at[i - 1] as number
    const from = this.steps[i - 1] as number
    const b = at[i]
    if (b === undefined) return from
    return from + ((this.steps[i] as number) - from) * Math.min(1, (s - a) / (b - a))
  }

  of(s: number): number {
    return this.axis === 'time' ? s : this.step(s)
  }
}

/** The first index whose value is greater than v. */
export function upper(sorted: Points, v: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const mid = (low + high) >> 1
    if ((sorted[mid] as number) > v) high = mid
    else low = mid + 1
  }
  return low
}

const deviceColumn = /^gpu(\d+)(?:mig([\d.]+))?_([a-z_]+)$/

/** The devices of a series, by the prefix of their columns. */
export function devices(series: Series): { prefix: string; name: string }[] {
  const found = new Map<string, string>()
  for (const column of series.columns.keys()) {
    const m = deviceColumn.exec(column)
    if (!m) continue
    const prefix = column.slice(0, column.length - (m[3] as string).length)
    found.set(prefix, m[2] ? `${m[1] as string}/${m[2]}` : (m[1] as string))
  }
  return [...found].map(([prefix, name]) => ({ prefix, name }))
}

function column(series: Series, name: string, which: Which = 'mean'): Numbers | undefined {
  const values = series.columns.get(name)?.[which]
  return values && values.some((v) => !Number.isNaN(v)) ? values : undefined
}

/** The panels of one run, or of several laid over each other. */
export function panels(runs: Loaded[], axis: Axis): Panel[] {
  const all = runs.map((run) => ({ run, place: new Positions(run.series, axis) }))
  const made = runs.length === 1 ? single(all[0] as Placed) : overlaid(all)
  return made.filter((p) => p.lines.some((l) => !l.limit) || p.bands.length > 0 || p.marks.length > 0)
}

interface Placed {
  run: Loaded
  place: Positions
}

function empty(key: string, title: string, unit: Unit, more: Partial<Panel> = {}): Panel {
  return { key, title, unit, lines: [], bands: [], marks: [], ...more }
}

function add(p: Panel, x: Points, y: Points | undefined, line: Omit<Line, 'x' | 'y'>): void {
  if (y) p.lines.push({ ...line, x, y })
}

/** Step times of a run: bands and the median where its distributions are known. */
function steps(p: Panel, { run, place }: Placed, colour: string, label: string, alone: boolean): void {
  const blocks = run.details.blocks
  if (blocks.length > 1) {
    const x = blocks.map((b) => (place.axis === 'time' ? (b.from_s + b.to_s) / 2 : (b.first + b.last) / 2))
    const of = (key: 'p5' | 'p25' | 'p50' | 'p75' | 'p95' | 'p99'): number[] => blocks.map((b) => b[key])
    p.bands.push({
      label: 'p5–p95',
      colour,
      strength: alone ? 0.16 : 0.12,
      x,
      low: of('p5'),
      high: of('p95'),
    })
    if (alone) {
      p.bands.push({ label: 'p25–p75', colour, strength: 0.26, x, low: of('p25'), high: of('p75') })
    }
    add(p, x, of('p50'), { label: alone ? 'p50' : label, colour, width: 1.75 })
    if (alone) {
      add(p, x, of('p95'), { label: 'p95', colour, width: 1, faint: true })
      // Of few steps the 99th of a hundred is merely the slowest, which has its mark.
      if (blocks.length < 3 || (blocks[blocks.length >> 1]?.steps ?? 0) >= 200)
        add(p, x, of('p99'), { label: 'p99', colour, dash: [2, 3], width: 1, faint: true })
      // Each tick by itself, for who looks closely.
      const { series } = run
      add(p, place.points, column(series, 'step_ms'), {
        label: 'mean',
        colour: 'dev-2',
        span: true,
        detail: true,
      })
      add(p, place.points, column(series, 'step_max_ms', 'max'), {
        label: 'slowest',
        colour: 'slow',
        width: 1,
        faint: true,
        span: true,
        detail: true,
      })
    }
    return
  }
  const { series } = run
  const low = column(series, 'step_ms', 'min')
  const high = column(series, 'step_max_ms', 'max') ?? column(series, 'step_ms', 'max')
  if (low && high && alone) {
    p.bands.push({ label: 'min–max', colour, strength: 0.16, x: place.points, low, high })
  }
  add(p, place.points, column(series, 'step_ms'), { label: alone ? 'mean' : label, colour, span: true })
}

function slowest(p: Panel, { run, place }: Placed, colour: string): void {
  for (const s of run.details.numbers.slowest_steps ?? []) {
    if (!(s.took_ms >= 0) || !(s.at_s >= 0)) continue
    p.marks.push({
      x: place.axis === 'time' ? s.at_s : s.step,
      y: s.took_ms,
      text: `step ${say.count(s.step)}: ${say.millis(s.took_ms)}`,
      colour,
    })
  }
}

function single(one: Placed): Panel[] {
  const { series, details } = one.run
  const x = one.place.points
  const gpus = devices(series)
  const rows = details.numbers.gpus ?? []

  const step = empty('step', 'Step time', 'ms', { robust: true })
  steps(step, one, 'run-0', '', true)
  slowest(step, one, 'slow')

  const rate = empty('rate', 'Throughput', 'rate')
  const tokens = column(series, 'tokens_per_s')
  if (tokens) add(rate, x, tokens, { label: 'tokens', colour: 'run-0', span: true })
  else add(rate, x, column(series, 'steps_per_s'), { label: 'steps', colour: 'run-0', span: true })

  const loss = empty('loss', 'Loss', 'number')
  add(loss, x, column(series, 'loss'), { label: 'loss', colour: 'run-0', span: true })
  const low = column(series, 'loss', 'min')
  const high = column(series, 'loss', 'max')
  if (low && high) loss.bands.push({ label: 'min–max', colour: 'run-0', strength: 0.16, x, low, high })

  const rateOfLearning = empty('lr', 'Learning rate', 'number', { zero: true })
  add(rateOfLearning, x, column(series, 'learning_rate'), {
    label: 'learning rate',
    colour: 'run-0',
    span: true,
  })
  const norm = empty('norm', 'Gradient norm', 'number', { zero: true, robust: true })
  add(norm, x, column(series, 'grad_norm'), { label: 'norm', colour: 'run-0', span: true })

  const perDevice = (key: string, name: string, unit: Unit, of: string, more: Partial<Panel> = {}): Panel => {
    const p = empty(key, name, unit, more)
    gpus.forEach((gpu, i) =>
      add(p, x, column(series, gpu.prefix + of), {
        label: gpus.length === 1 ? `GPU ${gpu.name}` : gpu.name,
        colour: `dev-${i % 8}`,
        width: gpus.length > 2 ? 1 : 1.5,
      }),
    )
    return p
  }
  const limit = (p: Panel, label: string, v: number | undefined): Panel => {
    if (v !== undefined && v > 0 && p.lines.length > 0) p.lines.push(bound(label, v, x))
    return p
  }
  const util = perDevice('util', 'GPU utilisation', 'percent', 'util_pct', { range: [0, 100] })
  const sm = perDevice('sm', 'SM active', 'percent', 'sm_active_pct', { range: [0, 100] })
  const memory = limit(
    perDevice('gpumem', 'GPU memory', 'bytes', 'mem_used_bytes', { zero: true }),
    'total',
    most(rows.map((g) => g.mem_total_bytes)),
  )
  const power = limit(
    perDevice('power', 'GPU power', 'watts', 'power_w', { zero: true }),
    'limit',
    most(rows.map((g) => g.power_limit_w)),
  )
  const temperature = perDevice('temp', 'GPU temperature', 'celsius', 'temp_c')

  const host = empty('host', 'Host memory', 'bytes', { zero: true })
  add(host, x, column(series, 'host_mem_used_bytes'), { label: 'machine', colour: 'dev-0' })
  add(host, x, column(series, 'process_rss_bytes'), { label: 'the run', colour: 'dev-1' })
  add(host, x, column(series, 'host_mem_total_bytes', 'max'), {
    label: 'limit',
    colour: 'limit',
    dash: [5, 4],
    width: 1,
    limit: true,
  })

  const cpu = empty('cpu', 'CPU of the run', 'percent', { zero: true, note: '100 % is one core' })
  add(cpu, x, column(series, 'process_cpu_pct'), { label: 'CPU', colour: 'run-0' })
  return [step, loss, rate, util, sm, memory, power, temperature, host, cpu, rateOfLearning, norm]
}

function bound(label: string, v: number, x: Points): Line {
  const ends = x.length > 0 ? [x[0] as number, x[x.length - 1] as number] : [0, 1]
  return { label, colour: 'limit', dash: [5, 4], width: 1, limit: true, x: ends, y: [v, v] }
}

function most(values: (number | undefined)[]): number | undefined {
  const known = values.filter((v): v is number => v !== undefined)
  return known.length > 0 ? Math.max(...known) : undefined
}

function overlaid(all: Placed[]): Panel[] {
  const step = empty('step', 'Step time', 'ms', { robust: true, note: 'median, p5–p95' })
  const list = [
    step,
    empty('loss', 'Loss', 'number'),
    empty('rate', 'Throughput', 'rate', { note: 'tokens, or steps' }),
    empty('util', 'GPU utilisation', 'percent', { range: [0, 100], note: 'mean of the GPUs' }),
    empty('sm', 'SM active', 'percent', { range: [0, 100], note: 'mean of the GPUs' }),
    empty('gpumem', 'GPU memory', 'bytes', { zero: true, note: 'fullest GPU' }),
    empty('power', 'GPU power', 'watts', { zero: true, note: 'all GPUs together' }),
    empty('host', 'Memory of the run', 'bytes', { zero: true }),
    empty('cpu', 'CPU of the run', 'percent', { zero: true, note: '100 % is one core' }),
  ]
  const at = new Map(list.map((p) => [p.key, p]))
  const tokens = all.every(({ run }) => column(run.series, 'tokens_per_s'))
  all.forEach((one, i) => {
    const { series, details } = one.run
    const colour = `run-${i}`
    const label = title(details)
    const x = one.place.points
    steps(step, one, colour, label, false)
    slowest(step, one, colour)
    const into = (key: string, y: Points | undefined, span = false): void =>
      add(at.get(key) as Panel, x, y, { label, colour, span })
    into('loss', column(series, 'loss'), true)
    into('rate', column(series, tokens ? 'tokens_per_s' : 'steps_per_s'), true)
    into('util', together(series, 'util_pct', mean))
    into('sm', together(series, 'sm_active_pct', mean))
    into(
      'gpumem',
      together(series, 'mem_used_bytes', (v) => Math.max(...v)),
    )
    into(
      'power',
      together(series, 'power_w', (v) => v.reduce((a, b) => a + b, 0)),
    )
    into('host', column(series, 'process_rss_bytes'))
    into('cpu', column(series, 'process_cpu_pct'))
  })
  return list
}

function mean(values: number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length
}

/** One figure over all devices of a run, unknown where none is known. */
export function together(series: Series, name: string, of: (values: number[]) => number): Points | undefined {
  const columns = devices(series).flatMap((gpu) => column(series, gpu.prefix + name) ?? [])
  if (columns.length === 0) return undefined
  const out = new Float64Array(series.at.length)
  for (let i = 0; i < out.length; i++) {
    const known = columns.map((c) => c[i] as number).filter((v) => !Number.isNaN(v))
    out[i] = known.length > 0 ? of(known) : NaN
  }
  return out
}
