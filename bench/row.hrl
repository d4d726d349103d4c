%% A row of the results; a ratio is to the baseline of its table.
-record(row, {table, name, minimum, median, ratio, unit}).
