// The top of a run: what it was, how it ended, and its figures.

import { h } from './dom'
import * as say from './format'
import { duration, title, type Details } from './model'

const bad = new Set(['error', 'signal', 'host_oom', 'gpu_oom'])

export function badge(live: boolean | undefined, outcome: string | undefined): HTMLElement {
  const kind = live ? 'live' : outcome === 'ok' ? 'good' : outcome && bad.has(outcome) ? 'bad' : 'odd'
  const text = live ? 'running' : say.words(outcome ?? 'unknown')
  return h('span', { class: `badge ${kind}` }, h('i', { aria: { hidden: 'true' } }), text)
}

export function heading(run: Details, now: number): HTMLElement {
  const told = run.private
  const long = duration(run, now)
  return h(
    'div',
    { class: 'heading' },
    h(
      'div',
      { class: 'title' },
      h('h2', { text: title(run) }),
      badge(run.live, run.numbers.outcome),
      h('span', {
        class: 'when',
        title: run.started ?? '',
        text: [
          say.ago(now, run.started),
          long === undefined ? '' : (run.live ? 'for ' : 'took ') + say.seconds(long),
          told?.name ? run.short_id : '',
        ]
          .filter(Boolean)
          .join(' · '),
      }),
    ),
    told?.command?.length ? h('code', { class: 'command', text: say.commandLine(told.command) }) : null,
    told?.how_it_ended && run.numbers.outcome !== 'ok'
      ? h('p', { class: 'ended', text: capital(told.how_it_ended) })
      : null,
    told?.message ? h('pre', { class: 'message', text: told.message }) : null,
    told?.no_steps ? h('p', { class: 'ended', text: 'No steps were seen: ' + told.no_steps }) : null,
    run.live && run.numbers.progress_pct !== undefined ? progress(run.numbers.progress_pct, long) : null,
  )
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

function progress(share: number, took: number | undefined): HTMLElement {
  const value = Math.min(Math.max(share, 0), 100)
  const left = took !== undefined && value > 0.5 ? (took / value) * (100 - value) : undefined
  return h(
    'div',
    { class: 'progress' },
    h('progress', { max: '100', value: String(value), aria: { label: 'Progress' } }),
    h('span', {
      class: 'faint',
      text: say.percent(value) + (left === undefined ? '' : `, some ${say.seconds(left)} left at this pace`),
    }),
  )
}

interface Tile {
  name: string
  value: string
  unit?: string
  more?: string
}

function tile(
  name: string,
  v: number | undefined,
  words: (v: number) => string,
  more?: string,
): Tile | undefined {
  if (v === undefined || !Number.isFinite(v)) return undefined
  const text = words(v)
  const m = /^(\S+) (\D+)$/.exec(text)
  return {
    name,
    value: m ? (m[1] as string) : text,
    ...(m ? { unit: m[2] as string } : {}),
    ...(more ? { more } : {}),
  }
}

export function tiles(run: Details): HTMLElement {
  const n = run.numbers
  const gpuTotal = n.gpus?.length ? Math.max(...n.gpus.map((g) => g.mem_total_bytes ?? 0)) : 0
  const of = (total: number | undefined): string | undefined => (total ? 'of ' + say.bytes(total) : undefined)
  const list = [
    tile(
      'Steps',
      n.steps_total,
      say.count,
      n.steps_per_s ? say.number(n.steps_per_s) + ' a second' : undefined,
    ),
    tile(
      'Step, median',
      n.step_p50_ms,
      say.millis,
      n.step_mean_ms ? 'mean ' + say.millis(n.step_mean_ms) : undefined,
    ),
    tile(
      'Step, p95',
      n.step_p95_ms,
      say.millis,
      n.step_p99_ms ? 'p99 ' + say.millis(n.step_p99_ms) : undefined,
    ),
    tile('Slowest step', n.step_max_ms, say.millis),
    tile(
      'Loss',
      n.loss,
      say.number,
      n.loss_first !== undefined ? 'from ' + say.number(n.loss_first) : undefined,
    ),
    tile(
      'Tokens',
      n.tokens_per_s,
      (v) => say.scaled(v) + (/[kMGT]$/.test(say.scaled(v)) ? '/s' : ' /s'),
      n.tokens_total ? say.scaled(n.tokens_total) + ' in all' : undefined,
    ),
    tile(
      'GPU use',
      n.gpu_util_pct,
      say.percent,
      n.gpu_sm_active_pct !== undefined ? 'SM active ' + say.percent(n.gpu_sm_active_pct) : undefined,
    ),
    tile('GPU memory, peak', n.gpu_mem_used_peak_bytes, say.bytes, of(gpuTotal)),
    tile(
      'GPU energy',
      n.gpu_energy_j,
      say.energy,
      n.gpu?.energy_per_step_j !== undefined ? say.energy(n.gpu.energy_per_step_j) + ' a step' : undefined,
    ),
    tile('Memory, peak', n.process_rss_peak_bytes, say.bytes, of(n.host_mem_total_bytes)),
    tile('CPU', n.process_cpu_pct, say.percent, '100 % is one core'),
    tile(
      'Data wait',
      n.data_wait_pct,
      say.percent,
      n.data_wait_s !== undefined ? say.seconds(n.data_wait_s) + ' in all' : undefined,
    ),
    tile('Evaluation', n.eval_s, say.seconds),
    tile('Checkpoints', n.checkpoint_s, say.seconds),
    tile(
      'Epochs',
      n.epochs_completed,
      say.count,
      n.epoch_mean_s !== undefined ? say.seconds(n.epoch_mean_s) + ' each' : undefined,
    ),
  ].filter((t) => t !== undefined)
  return h(
    'dl',
    { class: 'tiles' },
    ...list.map((t) =>
      h(
        'div',
        {},
        h('dt', { text: t.name }),
        h(
          'dd',
          {},
          h('b', { text: t.value }),
          t.unit ? h('span', { class: 'unit', text: ' ' + t.unit }) : null,
        ),
        t.more ? h('dd', { class: 'more', text: t.more }) : null,
      ),
    ),
  )
}
