%% A row of the results. Its ratio is relative to the baseline of its table.
-record(row, {table, name, minimum, median, ratio, unit}).
