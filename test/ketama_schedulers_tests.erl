%% No call holds a normal scheduler, even with long keys, many keys or long walks.
%%
%% Each call runs in a VM with one normal scheduler, beside a process that counts its own turns. If the call holds the
%% scheduler, that process has none.
-module(ketama_schedulers_tests).

-include_lib("eunit/include/eunit.hrl").

-export([main/0]).

-define(BYTES, (8 bsl 20)).
-define(KEYS, 100000).
-define(SERVERS, 20000).
%% A call that holds the scheduler leaves another process one or two turns, at its start and its end.
-define(TURNS, 3).

another_process_runs_meanwhile_test_() ->
    {timeout, 300, fun() ->
        Folders = [ketama_test:ebin(), filename:dirname(code:which(?MODULE))],
        Output = ketama_test:erl(Folders, "ketama_schedulers_tests:main()"),
        ?assertEqual("done", lists:last(string:lexemes(Output, "\n"))),
        ?assertEqual([], [Line || Line <- string:lexemes(Output, "\n"), Line =/= "done"])
    end}.

%% A call costs reductions for its work. A process has 4,000 at a time.
work_is_charged_test_() ->
    {ok, Ring} = ketama:new([{integer_to_binary(I), 1} || I <- lists:seq(1, 20)]),
    Keys = [integer_to_binary(I) || I <- lists:seq(1, 450)],
    Servers = [integer_to_binary(I) || I <- lists:seq(1, 15)],
    {ok, Slots} = ketama:new([integer_to_binary(I) || I <- lists:seq(1, 1200)], #{dialect => modula}),
    {ok, Large} = ketama:new([integer_to_binary(I) || I <- lists:seq(1, ?SERVERS)]),
    [
        %% For the servers that it returns, and for those that there are.
        ?_assert(reductions(fun() -> ketama:replicas(Slots, "k", 1200) end) >= 10 * 40),
        ?_assert(reductions(fun() -> ketama:replicas(Large, "k", 1) end) >= 2 * 40),
        ?_assert(reductions(fun() -> ketama:new(Servers) end) >= 9 * 40),
        ?_assert(reductions(fun() -> ketama:replicas(Ring, "k", 20) end) >= 40),
        ?_assert(reductions(fun() -> ketama:getservers(Ring, Keys) end) >= 2 * 40),
        ?_assert(reductions(fun() -> ketama:group(Ring, Keys) end) >= 4 * 40),
        ?_assert(reductions(fun() -> ketama:hash(Ring, binary:copy(<<"k">>, 30000)) end) >= 4 * 40)
    ].

reductions(Call) ->
    {reductions, Before} = process_info(self(), reductions),
    _ = Call(),
    {reductions, After} = process_info(self(), reductions),
    After - Before.

%% Prints the calls during which the other process did not run.
main() ->
    Key = binary:copy(<<"k">>, ?BYTES),
    %% A copy that starts one bit into a byte.
    <<_:1, Unaligned:?BYTES/binary, _:7>> = <<0:1, Key/binary, 0:7>>,
    Many = [integer_to_binary(I) || I <- lists:seq(1, ?KEYS)],
    Empty = lists:duplicate(?KEYS, <<>>),
    {ok, Large} = ketama:new([{integer_to_binary(I), 1} || I <- lists:seq(1, ?SERVERS)]),
    Rings = [ring(D, H) || {D, H} <- [{libketama, md5}, {twemproxy, fnv1a_64}, {twemproxy, crc16}, {modula, hsieh}]],
    ignore = ketama:start_link([{"a", 1}, {"b", 1}]),
    %% Made before the calls, since making them in Erlang gives the other process turns.
    Strings = [binary_to_list(K) || K <- Many],
    Servers = [{integer_to_binary(I), 1} || I <- lists:seq(1, ?SERVERS)],
    Long = [iolist_to_binary([integer_to_list(I), lists:duplicate(250, $n)]) || I <- lists:seq(1, 18)],
    Deep = [{lists:duplicate(?BYTES, []) ++ ["a:1"], 1}],
    Down = [Name || {Name, _} <- tl(Servers)],
    Hundred = lists:sublist(Many, 100),
    Source = binary:copy(Key, 8),
    Calls = [
        {Name, Call}
     || Ring <- Rings,
        {Name, Call} <- [
            {long_key, fun() -> ketama:getserver(Ring, Key) end},
            {unaligned_key, fun() -> ketama:getserver(Ring, Unaligned) end},
            {hash_of_unaligned_key, fun() -> ketama:hash(Ring, Unaligned) end},
            {replicas_of_unaligned_key, fun() -> ketama:replicas(Ring, Unaligned, 1) end},
            {unaligned_key_in_a_list, fun() -> ketama:getservers(Ring, [<<"k">>, Unaligned]) end},
            {unaligned_key_in_a_group, fun() -> ketama:group(Ring, [<<"k">>, Unaligned]) end},
            {many_keys, fun() -> ketama:getservers(Ring, Many) end},
            {many_keys_in_groups, fun() -> ketama:group(Ring, Many) end},
            {many_keys_except, fun() -> ketama:getservers(Ring, Many, #{except => ["a"]}) end}
        ]
    ] ++ [
        {default, fun() -> ketama:getserver(Unaligned) end},
        {hash, fun() -> ketama:hash(Unaligned) end},
        {strings, fun() -> ketama:getservers(hd(Rings), Strings) end},
        {empty_keys, fun() -> ketama:getservers(hd(Rings), Empty) end},
        {walk, fun() -> ketama:replicas(Large, "k", ?SERVERS) end},
        {shares, fun() -> ketama:shares(Large) end},
        {points, fun() -> ketama:points(Large) end},
        {diff, fun() -> ketama:diff(Large, Large) end},
        {without, fun() -> ketama:without(Large, ["1"]) end},
        {naming, fun() -> ketama_nif:put(large, Large, Source, 0) end},
        {making, fun() -> ketama:new(Servers) end},
        {making_of_long_labels, fun() -> ketama:new(Long, #{dialect => libmemcached_consistent}) end},
        {making_by_a_slow_hash, fun() -> ketama:new(Long, #{dialect => dalli}) end},
        {making_with_a_deep_name, fun() -> ketama:new(Deep) end},
        {unaligned_exception, fun() -> ketama:getserver(hd(Rings), "k", #{except => [Unaligned]}) end},
        {all_but_one_down, fun() -> ketama:getservers(Large, Hundred, #{except => Down}) end}
    ],
    [io:format("~p ~b~n", [Name, Turns]) || {Name, Call} <- Calls, Turns <- [most_turns(Call, 50)], Turns < ?TURNS],
    io:format("done").

ring(Dialect, Hash) ->
    {ok, Ring} = ketama:new([{"a", 1}, {"b", 1}, {"c", 1}], #{dialect => Dialect, hash => Hash}),
    Ring.

%% On a busy machine the normal scheduler may wait for a processor while a dirty one has it. So a call is tried several
%% times: one that leaves the scheduler free shows it sooner or later, one that holds it never does.
most_turns(_Call, 0) ->
    0;
most_turns(Call, Times) ->
    case turns(Call) of
        Turns when Turns >= ?TURNS -> Turns;
        Turns -> max(Turns, most_turns(Call, Times - 1))
    end.

%% Returns the number of turns that another process has during a call.
turns(Call) ->
    Counter = atomics:new(1, []),
    Other = spawn_link(fun() -> count(Counter) end),
    %% The other process must run before the call starts.
    wait(Counter),
    Before = atomics:get(Counter, 1),
    _ = Call(),
    After = atomics:get(Counter, 1),
    unlink(Other),
    exit(Other, kill),
    After - Before.

count(Counter) ->
    ok = atomics:add(Counter, 1, 1),
    erlang:yield(),
    count(Counter).

wait(Counter) ->
    case atomics:get(Counter, 1) of
        0 -> erlang:yield(), wait(Counter);
        _ -> ok
    end.
