%% The benchmark: ketama beside plain Erlang, the port driver and other libraries, in one process and one run.
%%
%% The contenders take turns, round after round, so that a slow moment of the machine affects all of them.
-module(bench).

-export([main/1]).

-include("loop.hrl").
-include("row.hrl").

%% The keys of one pass, the rounds, and the passes of each contender in a round.
-define(KEYS, 1000).
-define(ROUNDS, 25).
-define(PASSES, 200).
%% The port driver is a hundred times slower.
-define(PORT_PASSES, 2).
-define(SECONDS, 1).

%% Writes a table for this machine into the folder, and the chart of all machines whose tables are there.
main([Native, Servers, Folder]) ->
    ok = empty_nif:load(filename:join(Native, "libketama_bench")),
    {ok, _} = port_driver:start_link(Servers, filename:join(Native, "port_driver")),
    ignore = ketama:start_link(Servers),
    %% Some rings are larger than their clients can take, which would log warnings.
    ok = logger:set_primary_config(level, error),
    io:format("~ts~n", [machine()]),
    Rows = lists:append([
        one_key(Servers),
        names(Servers),
        other_keys(),
        hashes(),
        batches(Servers),
        callers(Servers),
        building(),
        dialects()
    ]),
    port_driver:stop(),
    ok = results:write(Folder, machine(), Rows),
    ok = chart:write(filename:join(Folder, "results.svg"), results:read(Folder)).

%% Keys of 8 bytes, a ring of 8 servers.

one_key(File) ->
    {ok, C} = ketama:new(File),
    Plain = plain:new(servers(C)),
    Keys = keys(8),
    Strings = [binary_to_list(Key) || Key <- Keys],
    Lists = [[<<"key">>, [$:], binary:part(Key, 4, 4)] || Key <- Keys],
    [] = [Key || Key <- Keys, ketama:getserver(C, Key) =/= plain:getserver(Plain, Key)],
    [] = [Key || Key <- Keys, ketama:getserver(C, Key) =/= port_driver:getserver(Key)],
    table(one_key, "One key of 8 bytes, 8 servers", "plain Erlang", [
        {"empty loop", ?PASSES, fun() -> empty(C, Keys) end},
        {"empty NIF", ?PASSES, fun() -> empty_nif(C, Keys) end},
        {"erlang:md5/1", ?PASSES, fun() -> md5(C, Keys) end},
        {"plain Erlang", ?PASSES, fun() -> plain(Plain, Keys) end},
        {"getserver/2", ?PASSES, fun() -> getserver(C, Keys) end},
        {"getserver/1", ?PASSES, fun() -> getserver_default(C, Keys) end},
        {"getserver/2, string", ?PASSES, fun() -> getserver(C, Strings) end},
        {"iolist_to_binary/1, string", ?PASSES, fun() -> flattened(C, Strings) end},
        {"getserver/2, iolist", ?PASSES, fun() -> getserver(C, Lists) end},
        {"iolist_to_binary/1, iolist", ?PASSES, fun() -> flattened(C, Lists) end},
        {"port driver", ?PORT_PASSES, fun() -> port(C, Keys) end}
        | [
            {Name, ?PASSES div 4, fun() -> Loop(Ring, Keys) end}
         || {Name, New, Loop} <- peers:all(), Ring <- [New([Server || {Server, _} <- servers(C)])]
        ]
    ]).

%% A continuum by its name, among few names and many.

names(File) ->
    {ok, C} = ketama:new(File),
    Plain = plain:new(servers(C)),
    Keys = keys(8),
    Table = fun(Title) ->
        table(names, Title, "plain Erlang", [
            {"plain Erlang", ?PASSES, fun() -> plain(Plain, Keys) end},
            {"getserver/2", ?PASSES, fun() -> getserver(C, Keys) end},
            {"getserver/2, by name", ?PASSES, fun() -> getserver(ketama, Keys) end}
        ])
    end,
    One = Table("One key of 8 bytes, 8 servers, 1 name"),
    Names = [list_to_atom("name" ++ integer_to_list(I)) || I <- lists:seq(2, 100)],
    [ignore = ketama:start_link(File, #{name => Name}) || Name <- Names],
    Many = Table("One key of 8 bytes, 8 servers, 100 names"),
    [ok = ketama:stop(Name) || Name <- Names],
    One ++ Many.

%% Other keys and other rings, each against plain Erlang on the same.

other_keys() ->
    lists:append([
        begin
            Servers = servers(N),
            {ok, C} = ketama:new(Servers),
            Plain = plain:new(Servers),
            Keys = keys(Length),
            Title = io_lib:format("Keys of ~b bytes, ~b servers", [Length, N]),
            table(other_keys, lists:flatten(Title), "plain Erlang", [
                {"plain Erlang", ?PASSES, fun() -> plain(Plain, Keys) end},
                {"getserver/2", ?PASSES, fun() -> getserver(C, Keys) end},
                {"getservers/2 of 1000", ?PASSES, fun() -> getservers(C, [Keys]) end}
            ])
        end
     || {Length, N} <- [{40, 8}, {100, 8}, {8, 100}, {8, 1000}]
    ]).

%% Each key hash against MD5 on the same ring: one key and many.

hashes() ->
    {twemproxy, Hashes} = lists:keyfind(twemproxy, 1, ketama_nif:dialects()),
    Continua = [{Hash, twemproxy(Hash)} || Hash <- Hashes],
    lists:append([
        table(hashes, Title, "md5", [
            {atom_to_list(Hash), ?PASSES, fun() -> Loop(C, Keys) end}
         || {Hash, C} <- Continua
        ])
     || {Title, Loop, Keys} <- [
            {"One key of 8 bytes, by hash", fun getserver/2, keys(8)},
            {"Lists of 8 keys of 8 bytes, by hash", fun getservers/2, split(8, keys(8))},
            {"Lists of 1000 keys of 8 bytes, by hash", fun getservers/2, [keys(8)]}
        ]
    ]).

twemproxy(Hash) ->
    {ok, C} = ketama:new(servers(8), #{dialect => twemproxy, hash => Hash}),
    C.

%% Many keys in one call.

batches(File) ->
    {ok, C} = ketama:new(File),
    Plain = plain:new(servers(C)),
    Keys = keys(8),
    table(batch, "Many keys of 8 bytes, 8 servers", "plain Erlang", [
        {"plain Erlang", ?PASSES, fun() -> plain(Plain, Keys) end},
        {"getserver/2", ?PASSES, fun() -> getserver(C, Keys) end}
        | lists:append([
            [
                {"getservers/2 of " ++ integer_to_list(N), ?PASSES, fun() -> getservers(C, Lists) end},
                {"group/2 of " ++ integer_to_list(N), ?PASSES, fun() -> group(C, Lists) end}
            ]
         || N <- [1, 8, 32, 100, 1000], Lists <- [split(N, Keys)]
        ])
    ]).

split(N, Keys) when length(Keys) > N ->
    {List, Rest} = lists:split(N, Keys),
    [List | split(N, Rest)];
split(_N, Keys) ->
    [Keys].

%% The loops.

?LOOP(empty, K).
?LOOP(empty_nif, empty_nif:call(C, K)).
?LOOP(md5, erlang:md5(K)).
?LOOP(plain, plain:getserver(C, K)).
?LOOP(getserver, ketama:getserver(C, K)).
?LOOP(getserver_default, ketama:getserver(K)).
?LOOP(flattened, ketama:getserver(C, iolist_to_binary(K))).
?LOOP(port, port_driver:getserver(K)).
?LOOP(getservers, ketama:getservers(C, K)).
?LOOP(group, ketama:group(C, K)).

table(Table, Title, Baseline, Ways) ->
    Rounds = [[measure(Way) || Way <- Ways] || _ <- lists:seq(1, ?ROUNDS)],
    print(Title, rows(Table, Baseline, "ns", Rounds)).

%% Makes rows from rounds that measure each contender once. The ratio is that of the minima.
rows(Table, Baseline, Unit, Rounds) ->
    Times = [
        {Name, lists:sort([proplists:get_value(Name, Round) || Round <- Rounds])}
     || {Name, _} <- hd(Rounds)
    ],
    [
        #row{
            table = Table,
            name = Name,
            minimum = Minimum,
            median = lists:nth((length(Rounds) + 1) div 2, [Minimum | Slower]),
            ratio = ratio(Minimum, proplists:get_value(Baseline, Times)),
            unit = Unit
        }
     || {Name, [Minimum | Slower]} <- Times
    ].

ratio(_Time, undefined) -> undefined;
ratio(Time, [Baseline | _]) -> Time / Baseline.

measure({Name, Passes, Way}) ->
    erlang:garbage_collect(),
    Start = erlang:monotonic_time(nanosecond),
    repeat(Passes, Way),
    {Name, (erlang:monotonic_time(nanosecond) - Start) / (Passes * ?KEYS)}.

repeat(0, _Way) ->
    ok;
repeat(N, Way) ->
    _ = Way(),
    repeat(N - 1, Way).

%% Several processes at once: lookups a second, summed over all.

callers(File) ->
    {ok, C} = ketama:new(File),
    Keys = keys(8),
    Ways = [
        {"getserver/2", fun() -> getserver(C, Keys) end},
        {"getserver/1", fun() -> getserver_default(C, Keys) end},
        {"port driver", fun() -> port(C, Keys) end}
    ],
    lists:append([
        begin
            Best = best_rates(Way),
            {_, One} = hd(Best),
            print("Callers at once: " ++ Name, [
                #row{
                    table = callers,
                    name = lists:flatten(io_lib:format("~s, ~b callers", [Name, N])),
                    minimum = Rate,
                    ratio = Rate / One,
                    unit = "lookups/s"
                }
             || {N, Rate} <- Best
            ])
        end
     || {Name, Way} <- Ways
    ]).

best_rates(Way) ->
    Rounds = [[rate(N, Way) || N <- [1, 2, 4]] || _ <- lists:seq(1, 5)],
    [{N, lists:max([lists:nth(I, Round) || Round <- Rounds])} || {I, N} <- [{1, 1}, {2, 2}, {3, 4}]].

rate(N, Way) ->
    Start = erlang:monotonic_time(millisecond),
    Callers = [
        spawn_monitor(fun() -> exit({passes, passes(Start + 1000 * ?SECONDS, Way, 0)}) end)
     || _ <- lists:seq(1, N)
    ],
    Passes = [
        receive
            {'DOWN', Monitor, process, _, {passes, Done}} -> Done
        end
     || {_, Monitor} <- Callers
    ],
    lists:sum(Passes) * ?KEYS * 1000 / (erlang:monotonic_time(millisecond) - Start).

passes(End, Way, Done) ->
    case erlang:monotonic_time(millisecond) < End of
        true ->
            _ = Way(),
            passes(End, Way, Done + 1);
        false ->
            Done
    end.

%% Building: microseconds and bytes a point.

building() ->
    lists:append([building(N) || N <- [8, 100, 1000, 10000, 100000]]).

building(N) ->
    Servers = servers(N),
    Plain = fun() -> plain:new(Servers) end,
    New = fun() -> {ok, C} = ketama:new(Servers), C end,
    Names = [Name || {Name, _} <- Servers],
    %% The other contenders take seconds and more for a larger ring.
    Ways =
        [{"plain Erlang", Plain, fun plain_bytes/1} || N =< 10000] ++
            [{Name, fun() -> Peer(Names) end, none} || {Name, Peer, _} <- peers:all(), N =< 100] ++
            [{"new/1", New, fun bytes/1}],
    Rounds = [
        [{Name, microseconds(Way)} || {Name, Way, _} <- Ways]
     || _ <- lists:seq(1, max(3, min(100, 50000 div N)))
    ],
    Bytes = [
        #row{table = building, name = Name, minimum = Held(Way), unit = "bytes/point"}
     || {Name, Way, Held} <- Ways, Held =/= none
    ],
    Rows = rows(building, "plain Erlang", "us", Rounds) ++ Bytes,
    Of = lists:flatten(io_lib:format(", ~b servers", [N])),
    print("Building" ++ Of, [Row#row{name = Row#row.name ++ Of} || Row <- Rows]).

%% Each dialect's ring, of servers with the weight 1.

dialects() ->
    Servers = [Name || {Name, _} <- servers(1000)],
    Ways = [
        {atom_to_list(Dialect), fun() -> {ok, _} = ketama:new(Servers, #{dialect => Dialect}) end}
     || {Dialect, _} <- ketama_nif:dialects()
    ],
    Rounds = [[{Name, microseconds(Way)} || {Name, Way} <- Ways] || _ <- lists:seq(1, 25)],
    print("Building, 1000 servers, by dialect", rows(dialects, "libketama", "us", Rounds)).

microseconds(Build) ->
    erlang:garbage_collect(),
    Start = erlang:monotonic_time(nanosecond),
    _ = Build(),
    (erlang:monotonic_time(nanosecond) - Start) / 1000.

%% Bytes a point as the VM counts them, over enough continua to see a difference.
bytes(Build) ->
    First = Build(),
    Points = lists:sum([Points || {_, _, Points} <- ketama:servers(First)]),
    Count = max(1, min(20, 20000000 div Points)),
    erlang:garbage_collect(),
    Before = settled(erlang:memory(system)),
    Continua = [Build() || _ <- lists:seq(1, Count)],
    Held = erlang:memory(system) - Before,
    %% Keeps all continua, and the first, alive until here.
    true = length([First | Continua]) > Count,
    Held / (Count * Points).

%% Large continua are freed by threads of their own.
settled(Memory) ->
    timer:sleep(100),
    case erlang:memory(system) of
        Less when Less < Memory - 1000000 -> settled(Less);
        Same -> Same
    end.

plain_bytes(Build) ->
    Ring = {Points, _} = Build(),
    erts_debug:size(Ring) * erlang:system_info(wordsize) / tuple_size(Points).

%% Input and output.

keys(Length) ->
    [
        iolist_to_binary([<<"key:">>, string:pad(integer_to_list(I), Length - 4, leading, $0)])
     || I <- lists:seq(1, ?KEYS)
    ].

servers(N) when is_integer(N) ->
    [
        {iolist_to_binary(io_lib:format("10.0.~b.~b:11211", [I div 250, I rem 250])), 100}
     || I <- lists:seq(1, N)
    ];
servers(C) ->
    [{Name, Weight} || {Name, Weight, _} <- ketama:servers(C)].

print(Title, Rows) ->
    io:format("~n~ts~n", [Title]),
    [io:format("  ~-28ts ~ts~n", [Name, figures(Row)]) || #row{name = Name} = Row <- Rows],
    Rows.

figures(#row{minimum = Minimum, median = Median, ratio = Ratio, unit = Unit}) ->
    [
        io_lib:format("~12ts ~ts", [results:number(Minimum), Unit]),
        [io_lib:format(", median ~ts", [results:number(Median)]) || Median =/= undefined],
        [io_lib:format("   ~.3f", [float(Ratio)]) || Ratio =/= undefined]
    ].

%% The processor and the VM that made the figures.
machine() ->
    Processor = os:cmd(
        "sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1 | grep . ||"
        " sysctl -n machdep.cpu.brand_string 2>/dev/null || uname -m"
    ),
    lists:flatten(
        io_lib:format("~ts, ~b schedulers, OTP ~s", [
            re:replace(string:trim(Processor), "\\(R\\)| [0-9]+-Core| Processor", "", [global, {return, list}]),
            erlang:system_info(schedulers_online),
            erlang:system_info(otp_release)
        ])
    ).
