%% All schedulers look keys up in every way, while the default continuum is replaced, continua are made and dropped, and
%% a hundred names follow sources of their own; every answer is checked. ketama_concurrency_tests runs it for a few seconds,
%% `make soak SECONDS=600' longer.
-module(ketama_soak).

-export([main/1, run/1]).

-define(KEYS, 200).
%% POOLS: the number of names, each with a watcher and its callbacks. SAME: milliseconds between changes of a source.
-define(POOLS, 100).
-define(SAME, 50).
%% The memory is first measured after this many percent of the time.
-define(WARM_UP, 40).

main([Seconds]) ->
    %% Each change of the hundred names logs a notice.
    Figures = ketama_test:quietly(fun() -> run(list_to_integer(Seconds)) end),
    io:format("~n~p~n", [Figures]),
    #{wrong := 0} = Figures.

%% The figures of a run: how many keys were looked up, how often the default was replaced, how many
%% continua were made, how often the watchers replaced theirs, how many answers were wrong, and by how much
%% the memory of the OS process grew after the warm-up.
run(Seconds) ->
    Keys = [integer_to_binary(I) || I <- lists:seq(1, ?KEYS)] ++ ["string", binary:copy(<<"k">>, 1000)],
    Rings = list_to_tuple([ring(Weights, Keys) || Weights <- [[1, 1, 1], [5, 1, 3, 2], [1], lists:seq(1, 40)]]),
    %% The numbers of the last replacement begun and of the last one done.
    Versions = atomics:new(2, []),
    replace(Rings, Versions),
    %% The numbers of calls of before_change and after_change.
    Told = atomics:new(2, []),
    Watchers = [watcher(Pool, Rings, Told) || Pool <- pools()],
    End = erlang:monotonic_time(second) + Seconds,
    Workers = [
        {Kind, spawn_monitor(fun() -> exit({Kind, work(End, Pass)}) end)}
     || {Kind, Pass} <-
            [{lookups, fun(N) -> look_up(Keys, Rings, Versions, N) end} || _ <- lists:seq(1, erlang:system_info(schedulers_online))] ++
            [
                {replaced, fun(_) -> replace(Rings, Versions), timer:sleep(1), 0 end},
                {made, fun(N) -> make(Rings, N) end},
                {pools, fun(N) -> look_up_pools(Keys, Rings, N) end}
            ]
    ],
    timer:sleep(10 * ?WARM_UP * Seconds),
    Warm = ketama_test:resident(),
    Done = [
        receive
            {'DOWN', Monitor, process, Pid, {Kind, {_Passes, _Wrong} = Count}} -> {Kind, Count};
            {'DOWN', Monitor, process, Pid, Reason} -> error(Reason)
        end
     || {Kind, {Pid, Monitor}} <- Workers
    ],
    Grown = ketama_test:resident() - Warm,
    %% The first continuum of each is not counted as a replacement.
    ketama_test:until(fun() -> atomics:get(Told, 2) > ?POOLS end),
    [ok = gen_server:stop(Watcher) || Watcher <- Watchers],
    [ok = ketama:stop(Pool) || Pool <- pools()],
    Sum = fun(Kind) -> lists:sum([Passes || {K, {Passes, _}} <- Done, K =:= Kind]) end,
    #{
        seconds => Seconds,
        lookups => Sum(lookups) * length(Keys) * 6,
        replaced => Sum(replaced),
        made => Sum(made),
        pool_lookups => Sum(pools) * length(Keys),
        pool_changes => atomics:get(Told, 2),
        not_told_after => atomics:get(Told, 1) - atomics:get(Told, 2),
        wrong => lists:sum([Wrong || {_, {_, Wrong}} <- Done]),
        grown_bytes => Grown
    }.

%% Returns the number of passes, and of their wrong answers.
work(End, Pass) ->
    work(End, Pass, 1, 0).

work(End, Pass, N, Wrong) ->
    All = Wrong + Pass(N),
    case erlang:monotonic_time(second) < End of
        true -> work(End, Pass, N + 1, All);
        false -> {N, All}
    end.

wrong(Checks) ->
    length([wrong || Right <- Checks, not Right]).

%% A ring: its servers, its continuum, and its answers as single calls and as groups have them.
ring(Weights, Keys) ->
    Servers = [{"10.0.0." ++ integer_to_list(I) ++ ":11211", W} || {I, W} <- lists:zip(lists:seq(1, length(Weights)), Weights)],
    Oracle = ketama_oracle:new([{iolist_to_binary(Name), W} || {Name, W} <- Servers]),
    Answers = [ketama_oracle:getserver(Oracle, Key) || Key <- Keys],
    {ok, Continuum} = ketama:new(Servers),
    {Servers, Continuum, Answers, ketama_test:grouped(Answers, Keys)}.

pools() ->
    [list_to_atom("soak" ++ integer_to_list(I)) || I <- lists:seq(1, ?POOLS)].

%% Starts a watcher whose source goes from one ring to the next.
watcher(Pool, Rings, Told) ->
    Lists = list_to_tuple([Servers || {Servers, _, _, _} <- tuple_to_list(Rings)]),
    Source = fun() -> {ok, ring_of(Lists, erlang:system_time(millisecond) div ?SAME)} end,
    Tell = fun(Which) -> fun(_Name, _Old, _New) -> atomics:add(Told, Which, 1) end end,
    {ok, Watcher} = ketama_watcher:start_link(#{
        name => Pool, source => Source, interval => 20, before_change => Tell(1), after_change => Tell(2)
    }),
    Watcher.

%% Each list of answers must come from one ring.
look_up_pools(Keys, Rings, N) ->
    Pool = lists:nth(1 + N rem ?POOLS, pools()),
    Known = [Answers || {_, _, Answers, _} <- tuple_to_list(Rings)],
    wrong([lists:member(ketama:getservers(Pool, Keys), Known)]).

%% The ring of a replacement.
ring_of(Rings, Version) ->
    element(1 + Version rem tuple_size(Rings), Rings).

look_up(Keys, Rings, Versions, N) ->
    {_, Continuum, Answers, Groups} = ring_of(Rings, N),
    wrong([
        [ketama:getserver(Continuum, Key) || Key <- Keys] =:= Answers,
        ketama:getservers(Continuum, Keys) =:= Answers,
        ketama:group(Continuum, Keys) =:= Groups,
        [hd(ketama:replicas(Continuum, Key, 2)) || Key <- Keys] =:= Answers
        | [default(Keys, Rings, Versions) || _ <- [1, 2]]
    ]).

%% Each answer must come from a ring that was current between the call and the answer.
default(Keys, Rings, Versions) ->
    lists:all(
        fun({I, Key}) ->
            First = atomics:get(Versions, 2),
            Server = ketama:getserver(Key),
            Last = atomics:get(Versions, 1),
            %% The rings repeat after this many replacements.
            Some = lists:seq(First, min(Last, First + tuple_size(Rings) - 1)),
            lists:any(fun(V) -> lists:nth(I, element(3, ring_of(Rings, V))) =:= Server end, Some)
        end,
        lists:zip(lists:seq(1, length(Keys)), Keys)
    ).

replace(Rings, Versions) ->
    Version = atomics:add_get(Versions, 1, 1),
    {Servers, _, _, _} = ring_of(Rings, Version),
    ignore = ketama:start_link(Servers),
    ok = atomics:put(Versions, 2, Version).

make(Rings, N) ->
    {Servers, _, Answers, _} = ring_of(Rings, N),
    {ok, Continuum} = ketama:new(Servers),
    Right = ketama:getserver(Continuum, <<"1">>) =:= hd(Answers),
    timer:sleep(1),
    wrong([Right]).
