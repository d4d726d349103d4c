%% A loop over keys that calls what it measures: a macro, since each must be a function of its own. A fun called for
%% each key would cost as much as what is measured.
-define(LOOP(Name, Call),
    Name(C, [K | Keys]) ->
        _ = Call,
        Name(C, Keys);
    Name(_C, []) ->
        ok
).
