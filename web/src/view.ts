// The main part of the page: one run, or several laid over each other.

import { Chart, type Shared } from './chart'
import { h, fill } from './dom'
import * as say from './format'
import { comparison, differences } from './compare'
import { heading, tiles } from './head'
import { Link, type Range } from './link'
import { duration, title, type Loaded, type Versus } from './model'
import { panels, Positions, type Axis, type Panel } from './panels'
import { tables } from './tables'
import { lanes, Timeline } from './timeline'

export class View {
  readonly root = h('main', { id: 'main', tabindex: '-1' })
  readonly link = new Link()
  axis: Axis = 'time'
  private runs: Loaded[] = []
  private versus: Versus[] = []
  private charts: Chart[] = []
  private timeline: Timeline | undefined
  private readonly head = h('div', { class: 'head' })
  private readonly bar: HTMLElement
  private readonly axisButtons: Record<Axis, HTMLButtonElement>
  private readonly reset: HTMLButtonElement
  private readonly grid = h('div', { class: 'charts' })
  private readonly below = h('div', { class: 'below' })
  private readonly spoken = h('div', { class: 'hidden', aria: { live: 'polite' } })

  constructor(private readonly drop: (id: string) => void) {
    const button = (text: string, title: string, click: () => void): HTMLButtonElement =>
      h('button', { type: 'button', text, title, aria: { label: title }, on: { click } })
    this.axisButtons = {
      time: button('Time', 'Charts over time (t)', () => this.setAxis('time')),
      step: button('Steps', 'Charts over steps (t)', () => this.setAxis('step')),
    }
    this.reset = button('All', 'Show the whole run (0)', () => this.link.zoom(null))
    this.bar = h(
      'div',
      { class: 'bar', role: 'toolbar', aria: { label: 'Charts' } },
      h('div', { class: 'group' }, this.axisButtons.time, this.axisButtons.step),
      h(
        'div',
        { class: 'group' },
        button('←', 'Move left (shift ←)', () => this.link.pan(-0.25)),
        button('−', 'Zoom out (-)', () => this.link.scale(2)),
        button('+', 'Zoom in (+)', () => this.link.scale(0.5)),
        button('→', 'Move right (shift →)', () => this.link.pan(0.25)),
        this.reset,
      ),
      h('span', { class: 'hint', text: 'Drag to zoom, double-click for all of it, ? for keys' }),
    )
    new ResizeObserver(() => this.resize()).observe(this.root)
  }

  get ids(): string[] {
    return this.runs.map((run) => run.details.id)
  }

  /** Shows these runs, with everything made anew. */
  show(runs: Loaded[]): void {
    this.versus = []
    const same = runs.map((run) => run.details.id).join() === this.ids.join()
    this.runs = runs
    this.rebuild(same)
  }

  /** What is known of how the further runs compare with the first. */
  compared(versus: Versus[]): void {
    this.versus = versus
    this.words()
  }

  /** The same runs with more in them. */
  refresh(): void {
    const made = panels(this.runs, this.axis)
    const lanesNow = lanes(this.runs, this.axis)
    const same = made.length === this.charts.length && this.charts.every((c, i) => c.fits(made[i] as Panel))
    if (!same || !this.timeline || !this.timeline.update(lanesNow)) {
      this.rebuild(true)
      return
    }
    this.link.extend(this.extent(), true)
    this.sharedEpochs()
    this.charts.forEach((chart, i) => chart.update(made[i] as Panel))
    this.link.tell()
    this.words()
  }

  setAxis(axis: Axis): void {
    if (
      axis === this.axis ||
      (axis === 'step' && !this.runs.some((r) => new Positions(r.series, 'step').hasSteps))
    )
      return
    this.axis = axis
    this.rebuild(false)
  }

  /** Draws again in the colours of now. */
  repaint(): void {
    this.timeline?.mount()
    for (const chart of this.charts) chart.mount()
  }

  /** Writes the passing time anew, while a run goes on. */
  tick(): void {
    if (this.runs.some((run) => run.details.live)) this.words()
  }

  message(...children: (Node | string)[]): void {
    this.teardown()
    this.runs = []
    fill(this.root, h('div', { class: 'message' }, ...children))
  }

  private readonly shared: Shared = { link: this.link, axis: 'time', epochs: [] }

  private rebuild(keep: boolean): void {
    this.teardown()
    this.link.clear()
    this.link.extend(this.extent(), keep)
    this.shared.axis = this.axis
    this.sharedEpochs()
    this.timeline = new Timeline(lanes(this.runs, this.axis), this.shared)
    this.charts = panels(this.runs, this.axis).map((panel) => new Chart(panel, this.shared))
    const buttons = (): void => {
      this.reset.disabled = !this.link.isZoomed
      for (const [axis, b] of Object.entries(this.axisButtons)) {
        b.setAttribute('aria-pressed', String(axis === this.axis))
      }
      this.axisButtons.step.disabled = !this.runs.some((r) => new Positions(r.series, 'step').hasSteps)
    }
    buttons()
    this.link.onZoom(() => {
      buttons()
      this.say()
    })
    fill(this.grid, ...this.charts.map((chart) => chart.root))
    fill(this.root, this.head, this.bar, this.timeline.root, this.grid, this.below, this.spoken)
    if (this.charts.length === 0) {
      fill(this.grid, h('p', { class: 'nothing', text: 'Nothing was sampled yet that could be drawn.' }))
    }
    this.words()
    this.timeline.mount()
    for (const chart of this.charts) chart.mount()
    // For whoever measures the page: from here on the charts are drawn.
    requestAnimationFrame(() => performance.mark('charts'))
  }

  private words(): void {
    const now = Date.now()
    const first = this.runs[0]
    if (!first) return
    if (this.runs.length > 1) {
      fill(this.head, comparison(this.runs, this.versus, now, this.drop))
      fill(this.below, differences(this.runs, this.versus))
      return
    }
    const { details } = first
    const share = details.numbers.progress_pct
    const far = details.live ? (share === undefined ? '● ' : `${Math.floor(share)} % `) : ''
    document.title = `${far}${title(details)} – trainwatch`
    fill(this.head, heading(details, now), tiles(details))
    const look = (at: number): void => {
      const x = new Positions(first.series, this.axis).of(at)
      const [low, high] = this.link.full
      this.link.zoom([x - (high - low) / 50, x + (high - low) / 50])
      this.timeline?.root.scrollIntoView({ block: 'nearest' })
    }
    // What is looked at or scrolled stays: only a change is worth a new table.
    const state = JSON.stringify([
      details.numbers,
      details.epochs.length,
      details.spans.length,
      details.private,
    ])
    if (state !== this.tabled) {
      this.tabled = state
      fill(this.below, ...tables(details, look))
    }
  }

  private tabled = ''

  private say(): void {
    const [low, high] = this.link.range
    const word = (v: number): string => (this.axis === 'time' ? say.seconds(v) : 'step ' + say.count(v))
    this.spoken.textContent = `${word(low)} to ${word(high)}`
  }

  private sharedEpochs(): void {
    const first = this.runs[0]
    if (!first || this.runs.length > 1) {
      this.shared.epochs = []
      return
    }
    const place = new Positions(first.series, this.axis)
    this.shared.epochs = first.details.epochs.map((e) => place.of(e.at_s)).sort((a, b) => a - b)
  }

  /** From where to where the runs go. */
  private extent(): Range {
    let end = 0
    for (const { series, details } of this.runs) {
      const last = series.at[series.at.length - 1] ?? 0
      const block = details.blocks[details.blocks.length - 1]
      if (this.axis === 'time') {
        end = Math.max(end, last, block?.to_s ?? 0, details.live ? last : (duration(details, 0) ?? 0))
      } else {
        const place = new Positions(series, 'step')
        end = Math.max(end, place.step(Infinity), block?.last ?? 0)
      }
    }
    return [0, end > 0 && end < 1e12 ? end : 1]
  }

  private resize(): void {
    this.timeline?.resize()
    for (const chart of this.charts) chart.resize()
  }

  private teardown(): void {
    this.timeline?.destroy()
    this.timeline = undefined
    for (const chart of this.charts) chart.destroy()
    this.charts = []
    this.tabled = ''
  }
}
