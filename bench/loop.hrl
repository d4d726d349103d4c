%% A loop over keys that calls what it measures. It is a macro, which makes a function for each call to measure: a fun
%% called for each key would cost as much as the call itself.
-define(LOOP(Name, Call),
    Name(C, [K | Keys]) ->
        _ = Call,
        Name(C, Keys);
    Name(_C, []) ->
        ok
).
