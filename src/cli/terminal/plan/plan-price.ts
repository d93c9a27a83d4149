/** The price of a plan in words, and what a changed one costs more or less. */
import type { PlanState } from '#supervisor/mission-reducer.ts';
import { count } from '../wording.ts';
import { comparePrices } from './plan-difference.ts';

const USD = 1e6;

/** The price; of a changed plan with what it is more or less than before. */
export function priceText({ price }: PlanState, before: PlanState | undefined): string {
  const more = before && comparePrices(before.price, price);
  const money = `${usd(price.money)} USD${signed(more?.money, usd)}`;
  return [
    `price: ${count(price.files, 'file')}${signed(more?.files)}`,
    `${count(price.changes, 'change')}${signed(more?.changes)}`,
    `${timeText(price.timeMs)}${signed(roundSeconds(more?.timeMs), durationText)}`,
    price.money === 0 ? `no model is asked (${money})` : money,
  ].join(', ');
}

/** A difference with its sign, in brackets; empty when there is none. */
const signed = (
  difference: number | null | undefined,
  show: (amount: number) => string = String,
): string =>
  (difference ?? 0) === 0
    ? ''
    : ` (${Number(difference) > 0 ? '+' : '-'}${show(Math.abs(Number(difference)))})`;

/** A difference of less than half a second is none. */
const roundSeconds = (timeMs: number | null | undefined): number =>
  Math.round((timeMs ?? 0) / 1000) * 1000;

/** Millionths of a US dollar as dollars. */
export const usd = (money: number): string => (money / USD).toFixed(2);

/** A time to come, roughly. */
export const durationText = (timeMs: number): string =>
  timeMs < 120_000 ? `${(timeMs / 1000).toFixed(0)} s` : `${(timeMs / 60_000).toFixed(0)} min`;

const timeText = (timeMs: number | null): string =>
  timeMs === null
    ? 'time unknown (first mission here)'
    : `about ${durationText(timeMs)} (median of earlier missions here)`;
