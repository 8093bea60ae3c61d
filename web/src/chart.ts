import uPlot from 'uplot'

import { align, union, type Aligned } from './align'
import { byteSteps, plainSteps, positionWords, stepSteps, timeSteps, valueWords } from './axis'
import { h, fill } from './dom'
import * as say from './format'
import type { Link } from './link'
import { inWords, upper, type Axis, type Band, type Line, type Mark, type Panel, type Points } from './panels'
import { colourOf, withAlpha } from './theme'

/** How wide the labels left of every chart are: the charts' axes stand under each other. */
export const leftEdge = 62
const chartHeight = 158

export interface Shared {
  link: Link
  axis: Axis
  epochs: Points // positions at which an epoch ended
}

/** One panel as a chart, with a legend that shows the values pointed at. */
export class Chart {
  readonly root: HTMLElement
  private panel: Panel
  private plot: uPlot | undefined
  private readonly legend = h('div', { class: 'legend' })
  private readonly canvas = h('div', { class: 'plot' })
  private values: { line: Line; text: HTMLElement }[] = []
  private log = false
  private close = false // whether the detailed lines are shown

  constructor(
    panel: Panel,
    private readonly shared: Shared,
  ) {
    this.panel = panel
    const scale = h('button', {
      class: 'scale',
      type: 'button',
      text: 'log',
      title: 'Logarithmic scale',
      aria: { pressed: 'false', label: `Logarithmic scale for ${panel.title}` },
      on: { click: () => this.toggle(scale) },
    })
    this.root = h(
      'section',
      { class: 'panel', data: { panel: panel.key } },
      h(
        'header',
        {},
        h('h3', { text: panel.title }),
        panel.note ? h('span', { class: 'note', text: panel.note }) : null,
        this.legend,
        logarithmic(panel) ? scale : null,
      ),
      this.canvas,
    )
    this.label()
    shared.link.onZoom(([min, max]) => {
      const { plot } = this
      plot?.batch(() => {
        this.choose(plot)
        plot.setScale('x', { min, max })
      })
      if (shared.link.cursor === null) this.show(null)
    })
    shared.link.onPoint((x, from) => {
      if (from !== this.plot) this.follow(x)
      this.show(x)
    })
  }

  /** Draws into the element, which is in the document by now. */
  mount(): void {
    const width = this.canvas.clientWidth
    if (width === 0) return
    this.plot?.destroy()
    const lines = this.panel.lines
    this.close = this.closely()
    this.legend.classList.toggle('closely', this.close)
    const plot = new uPlot(this.options(width), this.data() as unknown as uPlot.AlignedData, this.canvas)
    this.plot = plot
    plot.over.setAttribute('tabindex', '0')
    plot.over.setAttribute('role', 'img')
    plot.over.setAttribute('aria-label', describe(this.panel))
    plot.over.addEventListener('dblclick', () => this.shared.link.zoom(null))
    plot.over.addEventListener('keydown', (e) => this.key(e))
    plot.over.addEventListener('blur', () => this.shared.link.point(null, null))
    plot.over.addEventListener('wheel', (e) => this.wheel(e), { passive: false })
    this.values = this.values.filter((v) => lines.includes(v.line))
  }

  /** The same panel with more points in it. */
  update(panel: Panel): void {
    this.panel = panel
    this.label()
    if (!this.plot) return
    const [min, max] = this.shared.link.range
    this.plot.batch(() => {
      this.plot?.setData(this.data() as unknown as uPlot.AlignedData, false)
      this.plot?.setScale('x', { min, max })
    })
    this.show(this.shared.link.cursor)
  }

  resize(): void {
    const width = this.canvas.clientWidth
    if (!this.plot) this.mount()
    else if (width > 0 && width !== this.plot.width) this.plot.setSize({ width, height: chartHeight })
  }

  destroy(): void {
    this.plot?.destroy()
    this.plot = undefined
  }

  /** Whether this chart can take the place of panel's by update. */
  fits(panel: Panel): boolean {
    const same = (a: Line[] | Band[], b: Line[] | Band[]): boolean =>
      a.length === b.length && a.every((l, i) => l.label === b[i]?.label && l.colour === b[i]?.colour)
    return (
      panel.key === this.panel.key &&
      same(panel.lines, this.panel.lines) &&
      same(panel.bands, this.panel.bands)
    )
  }

  /** Shows the detailed lines where the others have few points left. */
  private choose(plot: uPlot): void {
    const closely = this.closely()
    if (closely === this.close) return
    this.close = closely
    this.panel.lines.forEach((l, i) => {
      if (l.detail) plot.setSeries(1 + 2 * this.panel.bands.length + i, { show: closely })
    })
    this.legend.classList.toggle('closely', closely)
  }

  private closely(): boolean {
    const [low, high] = this.shared.link.range
    const within = (x: Points): number => upper(x, high) - upper(x, low)
    const fine = this.panel.lines.find((l) => l.detail)
    const coarse = this.panel.lines.find((l) => !l.detail && !l.limit)
    return (
      fine !== undefined &&
      coarse !== undefined &&
      within(coarse.x) < 24 &&
      within(fine.x) > 2 * within(coarse.x)
    )
  }

  private toggle(button: HTMLButtonElement): void {
    this.log = !this.log
    button.setAttribute('aria-pressed', String(this.log))
    this.mount()
  }

  private label(): void {
    const shown = this.panel.lines
    this.values = shown.map((line) => ({ line, text: h('b') }))
    const items = this.values.map(({ line, text }) =>
      h(
        'span',
        { class: line.limit ? 'item limit' : line.detail ? 'item detail' : 'item' },
        swatch(line.colour, line.dash !== undefined),
        h('span', { class: 'name', text: line.label }),
        text,
      ),
    )
    fill(this.legend, ...items)
    this.show(this.shared.link.cursor)
  }

  /** Writes what holds at x, or at the end of what is shown. */
  private show(x: number | null): void {
    const words = inWords[this.panel.unit]
    for (const { line, text } of this.values) {
      const v = line.limit ? line.y[line.y.length - 1] : valueAt(line, x ?? this.shared.link.range[1])
      text.textContent = v === undefined || !Number.isFinite(v) ? say.unknown : words(v)
    }
    this.legend.classList.toggle('pointing', x !== null)
  }

  private follow(x: number | null): void {
    const { plot } = this
    if (!plot) return
    const left = x === null ? -10 : plot.valToPos(x, 'x')
    plot.setCursor({ left, top: x === null ? -10 : 0 }, false)
  }

  private key(e: KeyboardEvent): void {
    const { link } = this.shared
    if (e.key !== 'ArrowLeft' && e.key !== 'ArrowRight') return
    if (e.shiftKey || e.ctrlKey || e.altKey || e.metaKey) return
    e.preventDefault()
    e.stopPropagation()
    const [low, high] = link.range
    const by = ((high - low) / 100) * (e.key === 'ArrowLeft' ? -1 : 1)
    link.point(Math.min(Math.max((link.cursor ?? (low + high) / 2) + by, low), high), null)
  }

  private wheel(e: WheelEvent): void {
    if (!e.ctrlKey && !e.metaKey) return // the page scrolls
    e.preventDefault()
    if (!this.plot) return
    const at = this.plot.posToVal(e.clientX - this.plot.over.getBoundingClientRect().left, 'x')
    this.shared.link.scale(e.deltaY > 0 ? 1.25 : 0.8, at)
  }

  private data(): (Float64Array | Aligned)[] {
    const { lines, bands } = this.panel
    const within = lines.filter((l) => !l.limit)
    const axis = union([
      ...within.map((l) => l.x),
      ...bands.map((b) => b.x),
      ...(within.length ? [] : [[0, 1]]),
    ])
    const wide = this.shared.axis === 'step'
    const out: (Float64Array | Aligned)[] = [axis]
    for (const b of bands) {
      out.push(align(axis, b.x, b.high, true), align(axis, b.x, b.low, true))
    }
    for (const l of lines) {
      out.push(
        l.limit && l.x.length === 2 && l.y[0] === l.y[1]
          ? new Array<number>(axis.length).fill(l.y[0] as number)
          : align(axis, l.x, l.y, wide || l.span === true),
      )
    }
    return out
  }

  private options(width: number): uPlot.Options {
    const { link, axis } = this.shared
    const { panel } = this
    const ink = colourOf('faint-text')
    const grid = { stroke: colourOf('grid'), width: 1 }
    const font = '11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif'
    const edges: uPlot.Series[] = panel.bands.flatMap(() => [
      { stroke: 'transparent', width: 0, points: { show: false } },
      { stroke: 'transparent', width: 0, points: { show: false } },
    ])
    const lines: uPlot.Series[] = panel.lines.map((l) => ({
      stroke: l.faint ? withAlpha(colourOf(l.colour), 0.55) : colourOf(l.colour),
      width: l.width ?? 1.5,
      ...(l.dash ? { dash: l.dash } : {}),
      points: l.limit ? { show: false } : { size: 4, fill: colourOf(l.colour) },
      scale: 'y',
      show: !l.detail || this.close,
    }))
    return {
      width,
      height: chartHeight,
      legend: { show: false },
      padding: [8, 16, 0, 0],
      scales: {
        x: { time: false, auto: false, min: link.range[0], max: link.range[1] },
        y: this.log
          ? { distr: 3, range: (_, min, max) => [min > 0 ? min : 1e-6, max > 0 ? max : 1] }
          : { range: (_, min, max) => this.yRange(min, max) },
      },
      series: [{}, ...edges, ...lines],
      bands: panel.bands.map((b, i) => ({
        series: [1 + 2 * i, 2 + 2 * i],
        fill: withAlpha(colourOf(b.colour), b.strength),
      })),
      axes: [
        {
          stroke: ink,
          font,
          grid: { show: false },
          ticks: { stroke: colourOf('grid'), size: 4, width: 1 },
          size: 24,
          gap: 3,
          space: axis === 'time' ? 72 : 64,
          incrs: axis === 'time' ? timeSteps : stepSteps,
          values: (_, splits) => positionWords(axis, splits),
        },
        {
          stroke: ink,
          font,
          grid,
          ticks: { show: false },
          border: { show: false },
          size: leftEdge,
          gap: 6,
          space: 28,
          ...(this.log ? {} : { incrs: panel.unit === 'bytes' ? byteSteps : plainSteps }),
          values: (_, splits) => {
            const known = splits.filter((v): v is number => v !== null)
            const words = new Map(known.map((v, i) => [v, valueWords(panel.unit, known)[i]]))
            return splits.map((v) => (this.log ? logWord(panel, v) : (words.get(v) ?? null)))
          },
        },
      ],
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false, dist: 4 },
        points: { size: 6, width: 1.5 },
        bind: { dblclick: () => null },
      },
      hooks: {
        drawClear: [(u) => this.epochs(u)],
        draw: [(u) => this.marks(u)],
        setSelect: [
          (u) => {
            if (u.select.width < 4) return
            const from = u.posToVal(u.select.left, 'x')
            const to = u.posToVal(u.select.left + u.select.width, 'x')
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
            link.zoom([from, to])
          },
        ],
        setCursor: [
          (u) => {
            const left = u.cursor.left
            link.point(left === undefined || left < 0 ? null : u.posToVal(left, 'x'), u)
          },
        ],
      },
    }
  }

  private yRange(min: number, max: number): uPlot.Range.MinMax {
    const { panel } = this
    if (panel.range) return [panel.range[0], panel.range[1] * 1.03]
    if (!Number.isFinite(min) || !Number.isFinite(max)) return [0, 1]
    if (panel.robust) max = Math.min(max, this.usual() ?? max)
    if (panel.zero && min >= 0) return [0, max > 0 ? max * 1.12 : 1]
    // Values that come near 0 are shown from 0 on: an edge just above it misleads.
    if (min >= 0 && min < max * 0.4) return [0, max * 1.1]
    const room = (max - min) * 0.08 || Math.abs(max) * 0.1 || 1
    const low = min - room
    return [min >= 0 && low < 0 ? 0 : low, max + room]
  }

  // What 96 % of the shown points stay below, with room: one step of a minute
  // among thousands of a second must not flatten them all.
  private usual(): number | undefined {
    const [low, high] = this.shared.link.range
    const all: number[] = []
    const shown = [
      ...this.panel.lines.filter((l) => !l.dash && !l.detail),
      ...this.panel.bands.map((b) => ({ x: b.x, y: b.high })),
    ]
    for (const { x, y } of shown) {
      const from = upper(x, low)
      for (let i = Math.max(0, from - 1); i < x.length && (x[i] as number) <= high; i++) {
        const v = y[i] as number
        if (Number.isFinite(v)) all.push(v)
      }
    }
    if (all.length === 0) return undefined
    all.sort((a, b) => a - b)
    return (all[Math.floor((all.length - 1) * 0.96)] as number) * 1.15
  }

  private epochs(u: uPlot): void {
    const { epochs } = this.shared
    const { ctx, bbox } = u
    const [low, high] = this.shared.link.range
    const from = upper(epochs, low)
    const shown = upper(epochs, high) - from
    // More lines than can be told apart say nothing.
    if (shown === 0 || shown > bbox.width / (6 * devicePixelRatio)) return
    ctx.save()
    ctx.strokeStyle = colourOf('epoch')
    ctx.lineWidth = devicePixelRatio
    ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio])
    ctx.beginPath()
    for (let i = from; i < from + shown; i++) {
      const x = Math.round(u.valToPos(epochs[i] as number, 'x', true))
      ctx.moveTo(x, bbox.top)
      ctx.lineTo(x, bbox.top + bbox.height)
    }
    ctx.stroke()
    ctx.restore()
  }

  private marks(u: uPlot): void {
    const { ctx, bbox } = u
    const [low, high] = this.shared.link.range
    const size = 4 * devicePixelRatio
    ctx.save()
    for (const m of this.panel.marks) {
      if (m.x < low || m.x > high) continue
      mark(u, m, bbox, size)
    }
    ctx.restore()
  }
}

/** A ring where a slow step is; a triangle at the edge where it is beyond. */
function mark(u: uPlot, m: Mark, box: uPlot.BBox, size: number): void {
  const { ctx } = u
  const x = u.valToPos(m.x, 'x', true)
  const y = u.valToPos(m.y, 'y', true)
  ctx.lineWidth = 1.5 * devicePixelRatio
  ctx.strokeStyle = ctx.fillStyle = colourOf(m.colour)
  ctx.beginPath()
  if (y < box.top + size) {
    ctx.moveTo(x, box.top)
    ctx.lineTo(x + size, box.top + 1.7 * size)
    ctx.lineTo(x - size, box.top + 1.7 * size)
    ctx.fill()
    return
  }
  ctx.arc(x, y, size * 0.9, 0, 2 * Math.PI)
  ctx.stroke()
}

export function swatch(colour: string, dashed = false): HTMLElement {
  return h('i', { class: dashed ? 'swatch dashed' : 'swatch', data: { colour } })
}

function logarithmic(panel: Panel): boolean {
  return panel.unit === 'ms' || panel.unit === 'number'
}

function logWord(panel: Panel, v: number | null): string | null {
  if (v === null) return null
  return panel.unit === 'ms' ? say.millis(v).replace(/\.0+(?= )/, '') : say.number(v)
}

/** The last known value of a line at or before x. */
export function valueAt(line: Line, x: number): number | undefined {
  let i = upper(line.x, x) - 1
  const far = Math.max(0, i - 64)
  for (; i >= far; i--) {
    const v = line.y[i] as number
    if (Number.isFinite(v)) return v
  }
  return undefined
}

/** A chart in a sentence, for those who hear it. */
export function describe(panel: Panel): string {
  const words = inWords[panel.unit]
  const parts = panel.lines
    .filter((l) => !l.limit && !l.faint && !l.detail)
    .slice(0, 4)
    .map((l) => {
      let low = Infinity
      let high = -Infinity
      for (let i = 0; i < l.y.length; i++) {
        const v = l.y[i] as number
        if (v < low) low = v
        if (v > high) high = v
      }
      return Number.isFinite(low) ? `${l.label} between ${words(low)} and ${words(high)}` : l.label
    })
  return `${panel.title}: ${parts.join('; ')}. Arrow keys move the pointer.`
}
