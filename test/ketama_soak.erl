%% All schedulers look keys up in every way, while the default continuum is replaced and continua are
%% made and dropped, a hundred names follow sources of their own, and every answer is checked. `make soak SECONDS=600' runs it longer.
-module(ketama_soak).

-export([main/1, run/1]).

-define(KEYS, 200).
%% Names, each with a watcher and its callbacks, and for how many milliseconds a source says the same.
-define(POOLS, 100).
-define(SAME, 50).
%% In percent of the time, before which the memory is not looked at.
-define(WARM_UP, 40).

main([Seconds]) ->
    %% Each change of the hundred names is a notice.
    Figures = ketama_test:quietly(fun() -> run(list_to_integer(Seconds)) end),
    io:format("~n~p~n", [Figures]),
    #{wrong := 0} = Figures.

%% The figures of a run: how many keys were looked up, how often the default was replaced, how many
%% continua were made, how many answers were wrong, by how much the memory of the OS process grew
%% after the warm-up, and how often a process was held for over a millisecond, among the processes
%% that call ketama and among as many that run plain Erlang: what both have is the machine's.
run(Seconds) ->
    Keys = [integer_to_binary(I) || I <- lists:seq(1, ?KEYS)] ++ ["string", binary:copy(<<"k">>, 1000)],
    Rings = list_to_tuple([ring(Weights, Keys) || Weights <- [[1, 1, 1], [5, 1, 3, 2], [1], lists:seq(1, 40)]]),
    %% The number of the replacement that has begun, and of the last that is done.
    Versions = atomics:new(2, []),
    replace(Rings, Versions),
    %% How often before_change and after_change were called.
    Told = atomics:new(2, []),
    Watchers = [watcher(Pool, Rings, Told) || Pool <- pools()],
    _ = erlang:system_monitor(self(), [{long_schedule, 1}]),
    End = erlang:monotonic_time(second) + Seconds,
    Schedulers = lists:seq(1, erlang:system_info(schedulers_online)),
    Workers = [
        spawn_monitor(fun() -> exit({Kind, Work(End, 0, 0)}) end)
     || {Kind, Work} <-
            [{lookups, fun(E, N, W) -> look_up(Keys, Rings, Versions, E, N, W) end} || _ <- Schedulers] ++
            [{control, fun control/3} || _ <- Schedulers] ++
            [
                {replaced, fun(E, N, W) -> replace(Rings, Versions, E, N, W) end},
                {made, fun(E, N, W) -> make(Rings, E, N, W) end},
                {pools, fun(E, N, W) -> look_up_pools(Keys, Rings, E, N, W) end}
            ]
    ],
    timer:sleep(10 * ?WARM_UP * Seconds),
    Warm = ketama_test:resident(),
    Done = [
        receive
            {'DOWN', Monitor, process, Pid, {Kind, {_, _} = Count}} -> {Kind, Pid, Count};
            {'DOWN', Monitor, process, Pid, Reason} -> error(Reason)
        end
     || {Pid, Monitor} <- Workers
    ],
    _ = erlang:system_monitor(undefined),
    Grown = ketama_test:resident() - Warm,
    [ok = gen_server:stop(Watcher) || Watcher <- Watchers],
    [ok = ketama:stop(Pool) || Pool <- pools()],
    Pids = [{Pid, Kind} || {Kind, Pid, _} <- Done],
    Held = held(Pids),
    Sum = fun(Kind) -> lists:sum([N || {K, _, {N, _}} <- Done, K =:= Kind]) end,
    #{
        seconds => Seconds,
        lookups => Sum(lookups) * length(Keys) * 6,
        replaced => Sum(replaced),
        made => Sum(made),
        pool_lookups => Sum(pools) * length(Keys),
        pool_changes => atomics:get(Told, 2),
        not_told_after => atomics:get(Told, 1) - atomics:get(Told, 2),
        wrong => lists:sum([Wrong || {_, _, {_, Wrong}} <- Done]),
        grown_bytes => Grown,
        held_in_lookups => length([1 || lookups <- Held]),
        held_in_plain_erlang => length([1 || control <- Held])
    }.

%% A ring: its servers, its continuum, and its answers as single calls and as groups have them.
ring(Weights, Keys) ->
    Servers = [{"10.0.0." ++ integer_to_list(I) ++ ":11211", W} || {I, W} <- lists:zip(lists:seq(1, length(Weights)), Weights)],
    Oracle = ketama_oracle:new([{iolist_to_binary(Name), W} || {Name, W} <- Servers]),
    Answers = [ketama_oracle:getserver(Oracle, Key) || Key <- Keys],
    Groups = lists:foldr(
        fun({Server, Key}, Map) -> Map#{Server => [Key | maps:get(Server, Map, [])]} end, #{}, lists:zip(Answers, Keys)
    ),
    {ok, Continuum} = ketama:new(Servers),
    {Servers, Continuum, Answers, Groups}.

pools() ->
    [list_to_atom("soak" ++ integer_to_list(I)) || I <- lists:seq(1, ?POOLS)].

%% A watcher whose source goes from one ring to the next.
watcher(Pool, Rings, Told) ->
    Lists = list_to_tuple([Servers || {Servers, _, _, _} <- tuple_to_list(Rings)]),
    Source = fun() -> {ok, current(Lists, erlang:system_time(millisecond) div ?SAME)} end,
    Tell = fun(Which) -> fun(_Name, _Old, _New) -> atomics:add(Told, Which, 1) end end,
    {ok, Watcher} = ketama_watcher:start_link(#{
        name => Pool, source => Source, interval => 20, before_change => Tell(1), after_change => Tell(2)
    }),
    Watcher.

%% Each list of answers is that of one ring.
look_up_pools(Keys, Rings, End, N, Wrong) ->
    Pool = lists:nth(1 + N rem ?POOLS, pools()),
    Known = [Answers || {_, _, Answers, _} <- tuple_to_list(Rings)],
    Right = lists:member(ketama:getservers(Pool, Keys), Known),
    more(End, N, Wrong + length([wrong || not Right]), fun(N1, W1) -> look_up_pools(Keys, Rings, End, N1, W1) end).

%% The ring of a replacement.
current(Rings, Version) ->
    element(1 + Version rem tuple_size(Rings), Rings).

look_up(Keys, Rings, Versions, End, N, Wrong) ->
    {_, Continuum, Answers, Groups} = current(Rings, N),
    Right = [
        [ketama:getserver(Continuum, Key) || Key <- Keys] =:= Answers,
        ketama:getservers(Continuum, Keys) =:= Answers,
        ketama:group(Continuum, Keys) =:= Groups,
        [hd(ketama:replicas(Continuum, Key, 2)) || Key <- Keys] =:= Answers
        | [default(Keys, Rings, Versions) || _ <- [1, 2]]
    ],
    more(End, N, Wrong + length([R || R <- Right, not R]), fun(N1, W1) -> look_up(Keys, Rings, Versions, End, N1, W1) end).

%% Each answer is that of a ring which was current between the call and the answer.
default(Keys, Rings, Versions) ->
    lists:all(
        fun({I, Key}) ->
            First = atomics:get(Versions, 2),
            Server = ketama:getserver(Key),
            Last = atomics:get(Versions, 1),
            %% More than as many replacements come around to the same rings.
            Some = lists:seq(First, min(Last, First + tuple_size(Rings) - 1)),
            lists:any(fun(V) -> lists:nth(I, element(3, current(Rings, V))) =:= Server end, Some)
        end,
        lists:zip(lists:seq(1, length(Keys)), Keys)
    ).

%% Plain Erlang that takes as long without a pause.
control(End, N, Wrong) ->
    _ = [erlang:md5(integer_to_binary(I)) || I <- lists:seq(1, ?KEYS * 6)],
    more(End, N, Wrong, fun(N1, W1) -> control(End, N1, W1) end).

replace(Rings, Versions, End, N, Wrong) ->
    replace(Rings, Versions),
    timer:sleep(1),
    more(End, N, Wrong, fun(N1, W1) -> replace(Rings, Versions, End, N1, W1) end).

replace(Rings, Versions) ->
    Version = atomics:add_get(Versions, 1, 1),
    {Servers, _, _, _} = current(Rings, Version),
    ignore = ketama:start_link(Servers),
    ok = atomics:put(Versions, 2, Version).

make(Rings, End, N, Wrong) ->
    {Servers, _, Answers, _} = current(Rings, N),
    {ok, Continuum} = ketama:new(Servers),
    Right = ketama:getserver(Continuum, <<"1">>) =:= hd(Answers),
    timer:sleep(1),
    more(End, N, Wrong + length([wrong || not Right]), fun(N1, W1) -> make(Rings, End, N1, W1) end).

more(End, N, Wrong, Again) ->
    case erlang:monotonic_time(second) < End of
        true -> Again(N + 1, Wrong);
        false -> {N + 1, Wrong}
    end.

held(Pids) ->
    receive
        {monitor, Pid, long_schedule, _} -> [proplists:get_value(Pid, Pids, other) | held(Pids)]
    after 0 -> []
    end.
