/** `released`: it was given up to get room, and events wait until it fits again. `absent`: there never was room for it. */
export type BallastState = 'off' | 'absent' | 'making' | 'ready' | 'released';

export interface SpaceRules {
  /** Events are refused below it. */
  readonly minFreeBytes: number;
  readonly ballastBytes: number;
}

export interface SpaceVerdict {
  readonly isLow: boolean;
  /** What has to be free for events to be taken. */
  readonly neededBytes: number;
  readonly hasRoomForBallast: boolean;
}

/**
 * What free space allows. The room that a ballast left behind is not for events: with them it would be used up before
 * what it was given up for.
 */
export function judgeSpace(
  freeBytes: number,
  { minFreeBytes, ballastBytes }: SpaceRules,
  ballast: BallastState,
): SpaceVerdict {
  const withBallast = minFreeBytes + ballastBytes;
  const neededBytes = ballast === 'released' ? withBallast : minFreeBytes;
  return { isLow: freeBytes < neededBytes, neededBytes, hasRoomForBallast: freeBytes >= withBallast };
}
