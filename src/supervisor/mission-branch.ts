/** Where the work of a mission is in git. */

/** The branch that a mission leaves its git commit on. */
export const missionBranch = (mission: string): string => `skein/${mission}`;
