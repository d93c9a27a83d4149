/** One thing that doctor found: well, worth knowing, or in need of a hand. */
export interface Finding {
  readonly name: string;
  readonly state: 'good' | 'note' | 'bad';
  readonly detail: string;
  /** The numbers behind it, for programs. */
  readonly facts?: object;
}
