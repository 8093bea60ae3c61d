import uPlot from 'uplot'

import { positionWords, stepSteps, timeSteps } from './axis'
import { leftEdge, swatch, type Shared } from './chart'
import { h, fill } from './dom'
import * as say from './format'
import type { Loaded } from './model'
import { Positions } from './panels'
import { colourOf } from './theme'

const rowHeight = 16

/** Something that lasted, where it stands on the axis. */
export interface Bar {
  from: number
  to: number
  colour: string
  text: string
  name: string
  label?: string
}

export interface Lane {
  label: string
  bars: Bar[]
}

const colours: Record<string, string> = {
  eval: 'span-eval',
  checkpoint: 'span-checkpoint',
  data_wait: 'span-wait',
  compile: 'span-compile',
  other: 'span-other',
  throttle_power: 'span-power',
  throttle_power_brake: 'span-thermal',
  throttle_thermal: 'span-thermal',
  throttle_hw_thermal: 'span-thermal',
}

const names: Record<string, string> = {
  eval: 'evaluation',
  checkpoint: 'checkpoint',
  data_wait: 'data wait',
  compile: 'compilation',
  other: 'other phase',
  throttle_power: 'held back: power limit',
  throttle_power_brake: 'held back: power brake',
  throttle_thermal: 'held back: temperature',
  throttle_hw_thermal: 'held back: temperature, by the hardware',
}

export function spanName(kind: string): string {
  return names[kind] ?? say.words(kind)
}

/** The lanes of the runs: epochs, phases, and the GPUs' being held back. */
export function lanes(runs: Loaded[], axis: 'time' | 'step'): Lane[] {
  const all: Lane[] = []
  runs.forEach((run, i) => {
    const place = new Positions(run.series, axis)
    const mark = runs.length > 1 ? `${i + 1} ` : ''
    const epochs: Bar[] = run.details.epochs.map((e, n) => ({
      from: place.of(Math.max(0, e.at_s - e.epoch_s)),
      to: place.of(e.at_s),
      colour: n % 2 === 0 ? 'span-epoch' : 'span-epoch-odd',
      text: `epoch ${say.count(e.epoch)}, ${say.seconds(e.epoch_s)}`,
      name: 'epoch',
      label: say.count(e.epoch),
    }))
    const phases: Bar[] = []
    const throttles: Bar[] = []
    for (const s of run.details.spans) {
      const device = s.gpu === undefined ? '' : `GPU ${s.gpu} `
      const bar = {
        from: place.of(s.at_s),
        to: place.of(s.at_s + s.took_s),
        colour: colours[s.kind] ?? 'span-other',
        text: `${device}${spanName(s.kind)}, ${say.seconds(s.took_s)}`,
        name: spanName(s.kind),
      }
      if (s.kind.startsWith('throttle')) throttles.push(bar)
      else phases.push(bar)
    }
    if (epochs.length > 0) all.push({ label: mark + 'epochs', bars: epochs })
    if (phases.length > 0) all.push({ label: mark + 'phases', bars: phases })
    if (throttles.length > 0) all.push({ label: mark + 'throttle', bars: throttles })
  })
  return all
}

/** What happened when, above the charts and on their axis. */
export class Timeline {
  readonly root: HTMLElement
  private plot: uPlot | undefined
  private readonly canvas = h('div', { class: 'plot' })
  private readonly said = h('div', { class: 'legend' })
  private readonly key = h('div', { class: 'key' })

  constructor(
    private lanes: Lane[],
    private readonly shared: Shared,
  ) {
    this.root = h(
      'section',
      { class: 'panel timeline', data: { panel: 'timeline' } },
      h('header', {}, h('h3', { text: 'Timeline' }), this.key, this.said),
      this.canvas,
    )
    this.root.hidden = lanes.length === 0
    this.explain()
    shared.link.onZoom(([min, max]) => {
      this.plot?.setScale('x', { min, max })
      this.show(shared.link.cursor)
    })
    shared.link.onPoint((x, from) => {
      if (from !== this.plot && this.plot) {
        this.plot.setCursor(
          { left: x === null ? -10 : this.plot.valToPos(x, 'x'), top: x === null ? -10 : 0 },
          false,
        )
      }
      this.show(x)
    })
  }

  get height(): number {
    return Math.max(1, this.lanes.length) * (rowHeight + 3) + 26
  }

  mount(): void {
    const width = this.canvas.clientWidth
    if (width === 0) return
    this.plot?.destroy()
    const { link, axis } = this.shared
    this.plot = new uPlot(
      {
        width,
        height: this.height,
        legend: { show: false },
        padding: [0, 16, 0, 0],
        scales: {
          x: { time: false, auto: false, min: link.range[0], max: link.range[1] },
          y: { auto: false, min: 0, max: 1 },
        },
        series: [{}, { show: false }],
        axes: [
          {
            stroke: colourOf('faint-text'),
            font: '11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
            grid: { show: false },
            ticks: { stroke: colourOf('grid'), size: 4, width: 1 },
            size: 24,
            gap: 3,
            space: axis === 'time' ? 72 : 64,
            incrs: axis === 'time' ? timeSteps : stepSteps,
            values: (_, splits) => positionWords(axis, splits),
          },
          { size: leftEdge, grid: { show: false }, ticks: { show: false }, values: () => [] },
        ],
        cursor: {
          y: false,
          drag: { x: true, y: false, setScale: false, dist: 4 },
          points: { show: false },
          bind: { dblclick: () => null },
        },
        hooks: {
          draw: [(u) => this.draw(u)],
          setSelect: [
            (u) => {
              if (u.select.width < 4) return
              const range: [number, number] = [
                u.posToVal(u.select.left, 'x'),
                u.posToVal(u.select.left + u.select.width, 'x'),
              ]
              u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
              link.zoom(range)
            },
          ],
          setCursor: [
            (u) => {
              const left = u.cursor.left
              link.point(left === undefined || left < 0 ? null : u.posToVal(left, 'x'), u)
            },
          ],
        },
      },
      [
        [0, 1],
        [0, 0],
      ],
      this.canvas,
    )
    this.plot.over.addEventListener('dblclick', () => link.zoom(null))
    this.plot.over.setAttribute('role', 'img')
    this.plot.over.setAttribute('aria-label', this.describe())
    this.show(link.cursor)
  }

  /** The same runs with more in them; false where the lanes are others now. */
  update(lanes: Lane[]): boolean {
    if (lanes.length !== this.lanes.length) return false
    this.lanes = lanes
    this.explain()
    this.plot?.redraw()
    return true
  }

  resize(): void {
    const width = this.canvas.clientWidth
    if (!this.plot) this.mount()
    else if (width > 0 && width !== this.plot.width) this.plot.setSize({ width, height: this.height })
  }

  destroy(): void {
    this.plot?.destroy()
    this.plot = undefined
  }

  private explain(): void {
    const kinds = new Map<string, string>()
    for (const lane of this.lanes) {
      for (const bar of lane.bars) if (bar.name !== 'epoch') kinds.set(bar.name, bar.colour)
    }
    fill(
      this.key,
      ...[...kinds].map(([name, colour]) =>
        h('span', { class: 'item' }, swatch(colour), h('span', { class: 'name', text: name })),
      ),
    )
  }

  private describe(): string {
    const parts = this.lanes.map((lane) => `${lane.label}: ${say.count(lane.bars.length)}`)
    return `Timeline. ${parts.join('; ')}`
  }

  private show(x: number | null): void {
    const { link, axis } = this.shared
    const at = (v: number): string => (axis === 'time' ? say.seconds(v) : 'step ' + say.count(v))
    const found: string[] = []
    if (x !== null) {
      const near = ((link.range[1] - link.range[0]) / Math.max(200, this.canvas.clientWidth)) * 2
      for (const lane of this.lanes) {
        for (const bar of lane.bars) {
          if (bar.from - near <= x && x <= bar.to + near && found.length < 4) found.push(bar.text)
        }
      }
    }
    fill(
      this.said,
      x === null
        ? h('span', { class: 'faint', text: `${at(link.range[0])} to ${at(link.range[1])}` })
        : h('b', { text: 'at ' + at(x) }),
      ...found.map((text) => h('span', { text })),
    )
  }

  private draw(u: uPlot): void {
    const { ctx, bbox } = u
    const dpr = devicePixelRatio
    const [low, high] = this.shared.link.range
    ctx.save()
    ctx.font = `${11 * dpr}px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif`
    ctx.textBaseline = 'middle'
    this.lanes.forEach((lane, i) => {
      const top = bbox.top + (i * (rowHeight + 3) + 1) * dpr
      ctx.textAlign = 'right'
      ctx.fillStyle = colourOf('faint-text')
      ctx.fillText(lane.label, bbox.left - 8 * dpr, top + (rowHeight * dpr) / 2)
      ctx.fillStyle = colourOf('lane')
      ctx.fillRect(bbox.left, top, bbox.width, rowHeight * dpr)
      for (const bar of lane.bars) {
        if (bar.to < low || bar.from > high) continue
        const from = Math.max(bbox.left, u.valToPos(bar.from, 'x', true))
        const to = Math.min(bbox.left + bbox.width, u.valToPos(bar.to, 'x', true))
        ctx.fillStyle = colourOf(bar.colour)
        // What is too short to be seen at this scale is seen all the same.
        ctx.fillRect(from, top, Math.max(to - from, 1.5 * dpr), rowHeight * dpr)
        if (bar.label && to - from > (10 + 8 * bar.label.length) * dpr) {
          ctx.textAlign = 'center'
          ctx.fillStyle = colourOf('faint-text')
          ctx.fillText(bar.label, (from + to) / 2, top + (rowHeight * dpr) / 2)
        }
      }
    })
    ctx.restore()
  }
}
