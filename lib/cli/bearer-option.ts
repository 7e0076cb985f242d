import { Option } from 'commander';

/** Arguments can be seen by every process of a machine; the environment cannot. */
export function bearerOption(): Option {
  return new Option('--bearer <secret>', 'API key with the scope read, for --url').env('IMTBL_LEDGER_READ_KEY');
}
