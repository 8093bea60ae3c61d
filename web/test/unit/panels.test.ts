import { describe, expect, test } from 'vitest'

import type { Series } from '../../src/block'
import type { Details, Loaded, StepBlock } from '../../src/model'
import { devices, panels, Positions, together, upper } from '../../src/panels'
import { valueAt, describe as inASentence } from '../../src/chart'

function run(columns: Record<string, number[]>, more: Partial<Details> = {}): Loaded {
  const points = Object.values(columns)[0]?.length ?? 0
  const series: Series = {
    bucketS: 2,
    at: Float64Array.from({ length: points }, (_, i) => 2 * i),
    columns: new Map(),
  }
  for (const [name, values] of Object.entries(columns)) {
    const v = Float64Array.from(values)
    series.columns.set(name, { mean: v, min: v, max: v })
  }
  const details: Details = {
    id: 'id',
    short_id: 'short',
    attempt: 1,
    live: false,
    numbers: {},
    system: {},
    epochs: [],
    spans: [],
    blocks: [],
    ...more,
  }
  return { details, series }
}

const keys = (runs: Loaded[]): string[] => panels(runs, 'time').map((p) => p.key)

describe('panels', () => {
  test('are those of what is known', () => {
    expect(keys([run({})])).toEqual([])
    expect(keys([run({ loss: [3, 2], grad_norm: [NaN, NaN] })])).toEqual(['loss'])
    expect(keys([run({ gpu0_util_pct: [90], gpu0_power_w: [600], host_mem_total_bytes: [1e9] })])).toEqual([
      'util',
      'power',
    ])
  })

  test('have a line a device', () => {
    const [p] = panels(
      [run({ gpu0_util_pct: [90], gpu1_util_pct: [80], 'gpu1mig1.0_util_pct': [70] })],
      'time',
    )
    expect(p?.lines.map((l) => l.label)).toEqual(['0', '1', '1/1.0'])
  })

  test('have a line a run where several are laid over each other', () => {
    const named = (name: string): Loaded =>
      run({ gpu0_util_pct: [90, 50], gpu1_util_pct: [70, NaN] }, { private: { name } })
    const [p] = panels([named('a'), named('b')], 'time')
    expect(p?.lines.map((l) => l.label)).toEqual(['a', 'b'])
    expect([...(p?.lines[0]?.y as Float64Array)]).toEqual([80, 50])
  })

  test('have bands of the step times where these are known', () => {
    const block = (n: number): StepBlock => ({
      first: n * 10,
      last: n * 10 + 9,
      from_s: n,
      to_s: n + 1,
      steps: 10,
      mean: 5,
      min: 1,
      p5: 2,
      p25: 3,
      p50: 4,
      p75: 6,
      p95: 8,
      p99: 9,
      max: 10,
    })
    const slow = { step: 15, took_ms: 10, at_s: 1.5 }
    const one = run(
      { step: [5, 15] },
      {
        blocks: [block(0), block(1)],
        numbers: { slowest_steps: [slow, { step: 1, took_ms: -1, at_s: -1 }] },
      },
    )
    const [p] = panels([one], 'time')
    expect(p?.bands.map((b) => [b.low, b.high])).toEqual([
      [
        [2, 2],
        [8, 8],
      ],
      [
        [3, 3],
        [6, 6],
      ],
    ])
    expect(p?.marks.map((m) => [m.x, m.y])).toEqual([[1.5, 10]])
    expect(panels([one], 'step')[0]?.marks[0]?.x).toBe(15)
  })
})

describe('positions', () => {
  const { series } = run({ step: [0, 10, 4, 30] })
  test('never go back', () => {
    expect([...(new Positions(series, 'step').points as Float64Array)]).toEqual([0, 10, 10, 30])
  })
  test('are found between points', () => {
    const place = new Positions(series, 'step')
    expect(place.of(1)).toBe(5)
    expect(place.of(5)).toBe(20)
    expect(place.of(1e9)).toBe(30)
    expect(place.of(-1)).toBe(0)
    expect(new Positions(series, 'time').of(5)).toBe(5)
  })
})

test('devices are told by the columns', () => {
  expect(
    devices(run({ gpu10_util_pct: [1], gpu10_temp_c: [1], gpux_util_pct: [1], gpu: [1] }).series),
  ).toEqual([{ prefix: 'gpu10_', name: '10' }])
})

test('what is together is unknown only where nothing is known', () => {
  const { series } = run({ gpu0_power_w: [1, NaN], gpu1_power_w: [2, NaN] })
  expect([...(together(series, 'power_w', (v) => v.reduce((a, b) => a + b)) as Float64Array)]).toEqual([
    3,
    NaN,
  ])
})

test('upper finds the first greater', () => {
  expect([0, 1, 1.5, 2, 9].map((v) => upper([1, 1, 2], v))).toEqual([0, 2, 2, 3, 3])
})

test('the value pointed at is the last known one', () => {
  const line = { label: '', colour: '', x: [0, 1, 2], y: [5, NaN, 7] }
  expect([-1, 0, 1.5, 2, Infinity].map((x) => valueAt(line, x))).toEqual([undefined, 5, 5, 7, 7])
})

test('a chart is said in a sentence', () => {
  const [p] = panels([run({ loss: [3, 2] })], 'time')
  expect(p && inASentence(p)).toContain('Loss: loss between 2 and 3')
})
