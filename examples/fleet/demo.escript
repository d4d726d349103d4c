#!/usr/bin/env escript
%% Runs the application beside four memcached servers, which the demo starts on loopback. Every value is checked; a
%% wrong one ends the demo with an error.
-mode(compile).

-define(SESSIONS, 10000).
-define(PAGES, 1000).
-define(CLIENTS, 4).

-record(memcached, {port, program}).

main([]) ->
    process_flag(trap_exit, true),
    logger:set_primary_config(level, warning),
    Work = string:trim(os:cmd("mktemp -d")),
    try
        demo(Work)
    after
        [stop(Port) || Port <- erlang:ports(), erlang:port_info(Port, connected) =:= {connected, self()}],
        file:del_dir_r(Work)
    end.

demo(Work) ->
    [A, B, C, D] = [memcached(Work, -1) || _ <- lists:seq(1, 4)],
    say("started   four memcached: ~s, ~s, ~s and ~s", [name(Server) || Server <- [A, B, C, D]]),
    Sessions = filename:join(Work, "sessions.servers"),
    Pages = filename:join(Work, "pages.servers"),
    write(Sessions, [{A, 1}, {B, 1}, {C, 1}]),
    write(Pages, [{A, 1}, {C, 1}]),
    ok = application:load(fleet),
    ok = application:set_env(fleet, pools, [
        #{name => sessions, servers_file => Sessions},
        #{name => pages, servers_file => Pages, dialect => twemproxy}
    ]),
    {ok, _} = application:ensure_all_started(fleet),

    Page = store(pages, keys("page", ?PAGES), <<"of pages">>),
    First = store(sessions, keys("session", ?SESSIONS), <<"first">>),
    Keys = maps:keys(First),
    say("stored    ~b values in the pool sessions, on 3 servers, and ~b in pages, on 2", [?SESSIONS, ?PAGES]),
    check(sessions, First),
    Plan = ketama:group(sessions, Keys),
    say("read      all sessions in one multi-get: ~b, ~b and ~b keys", [
        length(maps:get(name(Server), Plan)) || Server <- [A, B, C]
    ]),

    {Added, AddedReads} = meanwhile(First, fun() -> change(Sessions, [{A, 1}, {B, 1}, {C, 1}, {D, 1}]) end),
    check(sessions, Added),
    OfD = maps:get(name(D), ketama:group(sessions, Keys)),
    check_copies(D, maps:with(OfD, Added)),
    say("added     ~s: ~b keys moved to it, and were read from their former server until it had them;", [
        name(D), length(OfD)
    ]),
    said_of_clients(AddedReads),

    {Removed, RemovedReads} = meanwhile(Added, fun() -> change(Sessions, [{B, 1}, {C, 1}, {D, 1}]) end),
    check(sessions, Removed),
    true = is_pid(fleet_connections:find(sessions, name(A))),
    say("removed   ~s: ~b keys moved, and were read from it all the same: its connection is still open;", [
        name(A), moved(Keys)
    ]),
    said_of_clients(RemovedReads),

    change(Sessions, [{B, 1}, {C, 2}, {D, 1}]),
    check(sessions, Removed),
    await(fun() -> fleet_connections:find(sessions, name(A)) =:= {down, no_connection} end),
    say("weighted  ~s twice: ~b keys moved, none was missed; the connection to ~s is closed now", [
        name(C), moved(Keys), name(A)
    ]),

    stop(B#memcached.program),
    await(fun() -> fleet_connections:down(sessions) =:= [name(B)] end),
    OfB = maps:get(name(B), ketama:group(sessions, Keys)),
    {error, Reason} = ask(B, OfB),
    Lost = missing(OfB, Removed),
    say("killed    ~s: a request to it fails at once (~w); ~b keys are missing, all of them its own;", [
        name(B), Reason, length(Lost)
    ]),
    Again = maps:merge(Removed, store(sessions, Lost, <<"again">>)),
    check(sessions, Again),
    say("          they are stored again, on the next servers clockwise, and right", []),

    %% The server comes back at the same address, empty.
    _ = memcached(Work, B#memcached.port),
    await(fun() -> fleet_connections:down(sessions) =:= [] end),
    Cold = missing(OfB, Again),
    Last = maps:merge(Again, store(sessions, Cold, <<"last">>)),
    check(sessions, Last),
    say("back      ~s, empty: ~b keys are missing, all of them its own; they are stored again, and right", [
        name(B), length(Cold)
    ]),

    check(pages, Page),
    say("at last   all ~b values of pages are right, too", [?PAGES]).

%% Clients that read and write.

%% The values after a change that was made while clients read and wrote them, and the number of reads.
meanwhile(Values, Change) ->
    Reads = counters:new(1, [write_concurrency]),
    Parts = parts(maps:to_list(Values), ?CLIENTS),
    Clients = [spawn_link(fun() -> client(list_to_tuple(Part), #{}, Reads) end) || Part <- Parts],
    further(Reads),
    Change(),
    further(Reads),
    New = [
        begin
            Client ! {stop, self()},
            receive
                {stopped, Client, Written} -> Written;
                {'EXIT', Client, Reason} -> error(Reason)
            end
        end
     || Client <- Clients
    ],
    {lists:foldl(fun(Written, All) -> maps:merge(All, Written) end, Values, New), counters:get(Reads, 1)}.

parts(List, N) ->
    [[Item || {I, Item} <- lists:enumerate(List), I rem N =:= Part] || Part <- lists:seq(0, N - 1)].

further(Reads) ->
    Enough = counters:get(Reads, 1) + ?SESSIONS div 2,
    await(fun() -> counters:get(Reads, 1) >= Enough end).

%% No other client uses its keys, so it knows each value.
client(Pairs, Written, Reads) ->
    {Key, First} = element(rand:uniform(tuple_size(Pairs)), Pairs),
    More =
        case rand:uniform(3) of
            1 ->
                Value = integer_to_binary(erlang:unique_integer()),
                ok = fleet:set(sessions, Key, Value),
                Written#{Key => Value};
            _ ->
                check_one(Key, maps:get(Key, Written, First), fleet:get(sessions, Key)),
                counters:add(Reads, 1, 1),
                Written
        end,
    receive
        {stop, From} -> From ! {stopped, self(), More}
    after 0 -> client(Pairs, More, Reads)
    end.

said_of_clients(Reads) ->
    say("          meanwhile ~b clients read ~b values, none wrong, none missed", [?CLIENTS, Reads]).

%% Values.

keys(Kind, N) ->
    [iolist_to_binary([Kind, $:, integer_to_list(I)]) || I <- lists:seq(1, N)].

store(Pool, Keys, Value) ->
    [ok = fleet:set(Pool, Key, Value) || Key <- Keys],
    maps:from_keys(Keys, Value).

check_one(_Key, Value, {ok, Value}) -> ok;
check_one(Key, Value, Answer) -> error({wrong, Key, {expected, Value}, {found, Answer}}).

check(Pool, Values) ->
    check_all(Values, fleet:multi_get(Pool, maps:keys(Values))).

%% Returns the keys without a value, which must be among these. All other values must be right.
missing(Some, Values) ->
    {Found, Failed} = fleet:multi_get(sessions, maps:keys(Values)),
    Missing = maps:keys(maps:without(maps:keys(Found), Values)),
    Missing =/= [] andalso Missing -- Some =:= [] orelse error({wrong, {missing, length(Missing)}}),
    check_all(maps:without(Missing, Values), {Found, Failed}),
    Missing.

%% Asks one server, whether the keys are its own or not.
check_copies(Server, Values) ->
    {ok, Found} = ask(Server, maps:keys(Values)),
    check_all(Values, {Found, #{}}).

check_all(Values, {Values, Failed}) when map_size(Failed) =:= 0 ->
    ok;
check_all(Values, {Found, Failed}) ->
    Wrong = [
        {Key, {expected, maps:find(Key, Values)}, {found, maps:find(Key, Found)}}
     || Key <- maps:keys(maps:merge(Values, Found)), maps:find(Key, Values) =/= maps:find(Key, Found)
    ],
    error({wrong, length(Wrong), lists:sublist(Wrong, 5), {failed, Failed}}).

moved(Keys) ->
    Former = ketama:moved(ketama:previous(sessions), sessions, Keys),
    lists:sum([length(Of) || Of <- maps:values(Former)]).

ask(Server, Keys) ->
    Until = erlang:monotonic_time(millisecond) + 5000,
    fleet_connection:receive_answer(fleet_connection:send(sessions, name(Server), {get, Keys}), Until).

%% The servers file.

change(File, Servers) ->
    write(File, Servers),
    Names = [{name(Server), Weight} || {Server, Weight} <- Servers],
    await(fun() -> [{Name, Weight} || {Name, Weight, _} <- ketama:servers(sessions)] =:= Names end).

%% Half a file can be valid, so a new file is renamed into place.
write(File, Servers) ->
    New = File ++ ".new",
    ok = file:write_file(New, [io_lib:format("~s\t~b~n", [name(S), Weight]) || {S, Weight} <- Servers]),
    ok = file:rename(New, File).

%% memcached.

name(#memcached{port = Port}) ->
    <<"127.0.0.1:", (integer_to_binary(Port))/binary>>.

%% On a free port where it is -1. The shell kills memcached as soon as it is told to or this VM ends, in
%% whatever way.
memcached(Work, Port) ->
    PortFile = filename:join(Work, integer_to_list(erlang:unique_integer([positive]))),
    Script = "memcached -u root -m 64 -l 127.0.0.1 -U 0 -p \"$0\" & read -r line; kill -9 $!; wait",
    Program = open_port({spawn_executable, "/bin/sh"}, [
        {args, ["-c", Script, integer_to_list(Port)]},
        {env, [{"MEMCACHED_PORT_FILENAME", PortFile}]},
        exit_status
    ]),
    await(fun() -> filelib:is_regular(PortFile) end),
    {ok, <<"TCP INET: ", Number/binary>>} = file:read_file(PortFile),
    #memcached{port = binary_to_integer(string:trim(Number)), program = Program}.

stop(Program) ->
    port_command(Program, "\n"),
    receive
        {Program, {exit_status, _}} -> ok
    end.

%% Waits for something to become true. An error in a client ends it, too.
await(Condition) ->
    await(Condition, erlang:monotonic_time(second) + 120).

await(Condition, Until) ->
    receive
        {'EXIT', _, Reason} when Reason =/= normal -> error(Reason)
    after 0 -> ok
    end,
    case Condition() of
        true ->
            ok;
        false ->
            erlang:monotonic_time(second) < Until orelse error(waited_in_vain),
            timer:sleep(20),
            await(Condition, Until)
    end.

say(Format, Args) ->
    io:format(Format ++ "~n", Args).
