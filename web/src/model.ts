// What the page knows of runs. The names are those of `show --json`; a number
// that is not there is unknown.

export interface Row {
  id: string
  short_id: string
  attempt: number
  name?: string
  command?: string
  started?: string
  live?: boolean
  outcome?: string
  duration_s?: number
  steps_total?: number
  step_p50_ms?: number
  gpu_util_pct?: number
}

export interface RunList {
  runs: Row[]
  left_out?: number
}

export interface GPU {
  index?: number
  model?: string
  mig?: string
  util_pct?: number
  sm_active_pct?: number
  mem_used_peak_bytes?: number
  mem_total_bytes?: number
  power_w?: number
  power_limit_w?: number
  temp_c?: number
  energy_j?: number
  throttle_s?: Record<string, number>
  idle_pct?: number
  xids?: number
  ecc_uncorrected?: number
}

export interface SlowStep {
  step: number
  took_ms: number
  at_s: number
}

export interface Numbers {
  run_id?: string
  outcome?: string
  exit_code?: number
  signal?: number
  ended?: string
  duration_s?: number
  time_to_first_step_s?: number
  steps_total?: number
  epochs_completed?: number
  epoch_mean_s?: number
  eval_s?: number
  checkpoint_s?: number
  data_wait_pct?: number
  data_wait_s?: number
  compile_s?: number
  progress_pct?: number
  steps_per_s?: number
  step_mean_ms?: number
  step_p50_ms?: number
  step_p95_ms?: number
  step_p99_ms?: number
  step_max_ms?: number
  tokens_total?: number
  tokens_per_s?: number
  loss?: number
  loss_first?: number
  loss_lost_at_step?: number
  host_mem_used_peak_bytes?: number
  host_mem_total_bytes?: number
  process_rss_peak_bytes?: number
  process_cpu_pct?: number
  gpu_util_pct?: number
  gpu_sm_active_pct?: number
  gpu_mem_used_peak_bytes?: number
  gpu_power_w?: number
  gpu_energy_j?: number
  gpu?: { energy_per_step_j?: number; idle_pct?: number; by?: string; throttle_s?: Record<string, number> }
  gpus?: GPU[]
  slowest_steps?: SlowStep[]
  step_records_lost?: number
  dropped_events?: number
  agent_cpu_s?: number
  agent_rss_bytes?: number
}

export interface Private {
  name?: string
  command?: string[]
  dir?: string
  host?: string
  job?: string
  how_it_ended?: string
  no_steps?: string
  crash_class?: string
  message?: string
  stack?: string
}

export interface Epoch {
  epoch: number
  at_s: number
  epoch_s: number
  steps: number
}

export interface Span {
  kind: string
  gpu?: number
  at_s: number
  took_s: number
}

/** The distribution of the times of one stretch of steps, in milliseconds. */
export interface StepBlock {
  first: number
  last: number
  from_s: number
  to_s: number
  steps: number
  mean: number
  min: number
  p5: number
  p25: number
  p50: number
  p75: number
  p95: number
  p99: number
  max: number
}

export interface Details {
  id: string
  short_id: string
  attempt: number
  live: boolean
  started?: string
  interval_s?: number
  numbers: Numbers
  system: Record<string, string | number | boolean>
  private?: Private
  epochs: Epoch[]
  spans: Span[]
  blocks: StepBlock[]
}

/** What changed of a live run. */
export type Change = Partial<Pick<Details, 'epochs' | 'spans' | 'blocks'>> & { run?: Details }

/** A run beside the first that is shown, as `trainwatch compare` judges them. */
export interface Versus {
  id: string
  metrics: {
    name: string
    change_pct?: number
    low_pct?: number
    high_pct?: number
    verdict?: string
  }[]
  settings: { name: string; a?: string; b?: string }[]
}

export interface Telemetry {
  mode: 'on' | 'off' | 'undecided'
  lines: { what: string; text: string }[]
  yes?: string
}

/** A run with its series, as it is drawn. */
export interface Loaded {
  details: Details
  series: import('./block').Series
}

/** What a run is called here: its name where that is known, else its short id. */
export function title(run: Details): string {
  const name = run.private?.name?.trim()
  const id = run.attempt > 1 ? `${run.short_id} (attempt ${run.attempt})` : run.short_id
  if (!name) return id
  return name.length > 120 ? name.slice(0, 120) + '…' : name
}

/** How long it took, or takes so far. */
export function duration(run: Details, now: number): number | undefined {
  if (run.live && run.started) return Math.max(0, (now - Date.parse(run.started)) / 1000)
  return run.numbers.duration_s
}
