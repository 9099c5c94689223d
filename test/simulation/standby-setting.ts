import type {StandbyHold} from '../../shared/model/pool';

/** Standby machines of the pools `arm` and `shared`. */
export interface StandbySetting {
  readonly hold: StandbyHold;
  readonly count: number;
}
