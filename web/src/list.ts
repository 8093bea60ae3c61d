// The list of runs beside the charts.

import { h, fill } from './dom'
import * as say from './format'
import { badge } from './head'
import { swatch } from './chart'
import type { Row, RunList } from './model'

const atOnce = 60

export interface Choice {
  show(id: string): void
  toggle(id: string): void
}

export class List {
  readonly root: HTMLElement
  readonly filter: HTMLInputElement
  private readonly items = h('ul', { class: 'runs' })
  private readonly foot = h('p', { class: 'foot' })
  private runs: Row[] = []
  private left = 0
  private shown = atOnce
  private selected: string[] = []

  constructor(private readonly choice: Choice) {
    this.filter = h('input', {
      type: 'search',
      aria: { label: 'Filter runs by name, command, id or outcome' },
      autocomplete: 'off',
      spellcheck: 'false',
      on: {
        input: () => {
          this.shown = atOnce
          this.draw()
        },
      },
    })
    this.root = h(
      'nav',
      { class: 'list', aria: { label: 'Runs' } },
      h('label', { class: 'filter' }, 'Filter', this.filter, h('kbd', { text: '/' })),
      this.items,
      this.foot,
    )
    this.items.addEventListener('keydown', (e) => this.key(e))
  }

  set(list: RunList): void {
    this.runs = list.runs
    this.left = list.left_out ?? 0
    this.draw()
  }

  select(ids: string[]): void {
    this.selected = ids
    this.draw()
  }

  /** The run before or after the one that is shown. */
  beside(by: 1 | -1): string | undefined {
    const found = this.found()
    const at = found.findIndex((row) => row.id === this.selected[0])
    return found[at < 0 ? 0 : at + by]?.id
  }

  private found(): Row[] {
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean)
    if (words.length === 0) return this.runs
    return this.runs.filter((row) => {
      const text =
        `${row.name ?? ''} ${row.command ?? ''} ${row.id} ${row.short_id} ${row.live ? 'running' : say.words(row.outcome ?? '')}`.toLowerCase()
      return words.every((word) => text.includes(word))
    })
  }

  private draw(): void {
    const focused = (document.activeElement as HTMLElement | null)?.dataset['open']
    const found = this.found()
    const now = Date.now()
    fill(this.items, ...found.slice(0, this.shown).map((row) => this.item(row, now)))
    const hidden = found.length - this.shown
    fill(
      this.foot,
      found.length === 0
        ? this.runs.length === 0
          ? 'No run is recorded here yet.'
          : 'No run matches.'
        : null,
      hidden > 0
        ? h('button', {
            type: 'button',
            class: 'link',
            text: `${say.count(hidden)} more`,
            on: {
              click: () => {
                this.shown += 4 * atOnce
                this.draw()
              },
            },
          })
        : null,
      hidden <= 0 && this.left > 0 ? `${say.count(this.left)} older runs are not listed.` : null,
    )
    if (focused) {
      for (const b of this.items.querySelectorAll<HTMLElement>('[data-open]')) {
        if (b.dataset['open'] === focused) b.focus({ preventScroll: true })
      }
    }
  }

  private item(row: Row, now: number): HTMLElement {
    const at = this.selected.indexOf(row.id)
    const name = row.name?.trim() || row.short_id
    const box = h('input', {
      type: 'checkbox',
      title: 'Lay over the run that is shown (x)',
      aria: { label: `Show ${name} together with others` },
      on: { change: () => this.choice.toggle(row.id) },
    })
    box.checked = at >= 0
    const facts = [
      say.ago(now, row.started),
      row.duration_s === undefined ? '' : say.seconds(row.duration_s),
      row.step_p50_ms === undefined ? '' : say.millis(row.step_p50_ms),
      row.gpu_util_pct === undefined ? '' : 'GPU ' + say.percent(row.gpu_util_pct),
    ].filter(Boolean)
    return h(
      'li',
      { class: at >= 0 ? 'selected' : '' },
      box,
      h(
        'button',
        {
          type: 'button',
          class: 'open',
          data: { open: row.id },
          aria: { current: at === 0 ? 'true' : 'false' },
          on: { click: () => this.choice.show(row.id) },
        },
        h(
          'span',
          { class: 'name' },
          at >= 0 && this.selected.length > 1 ? swatch(`run-${at}`) : null,
          h('b', { text: name }),
          row.attempt > 1 ? h('span', { class: 'faint', text: `#${row.attempt}` }) : null,
          badge(row.live, row.outcome),
        ),
        h('span', { class: 'line', text: facts.join(' · ') }),
        row.command ? h('span', { class: 'command', text: row.command, title: row.command }) : null,
      ),
    )
  }

  private key(e: KeyboardEvent): void {
    const buttons = [...this.items.querySelectorAll<HTMLElement>('[data-open]')]
    const at = buttons.indexOf(document.activeElement as HTMLElement)
    if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
      const next = buttons[at + (e.key === 'ArrowDown' ? 1 : -1)]
      if (next) {
        e.preventDefault()
        next.focus()
      }
    }
    const id = buttons[at]?.dataset['open']
    if (e.key === 'x' && id) {
      e.stopPropagation()
      this.choice.toggle(id)
    }
  }
}
