#!/usr/bin/env escript
%% The rings of real clients, live: memcached servers on loopback, keys stored through each client
%% and read from the server that ketama names, and the other way round. Usage: clients.escript WORK
%% with SpyClient compiled in the folder WORK.
-mode(compile).

%% Host, its address, port. The default port is one that some clients leave out.
-define(SERVERS, [
    {"127.0.1.1", "127.0.1.1", 11211},
    {"127.0.1.2", "127.0.1.2", 11211},
    {"127.0.1.3", "127.0.1.3", 21211},
    {"127.0.1.3", "127.0.1.3", 21212},
    {"127.0.1.4", "127.0.1.4", 21211},
    {"localhost", "127.0.0.1", 21213},
    {"localhost", "127.0.0.1", 21214}
]).
-define(EQUAL, [1, 1, 1, 1, 1, 1, 1]).
-define(WEIGHTS, [?EQUAL, [10, 1, 5, 200, 37, 60, 3]]).
-define(PROXY_PORT, 22121).
-define(KEYS, 2000).

main([Work]) ->
    Ports = [start(memcached(Ip, Port), Ip, Port) || {_, Ip, Port} <- ?SERVERS],
    try
        Sockets = maps:from_list([{Server, connect(Ip, Port)} || {_, Ip, Port} = Server <- ?SERVERS]),
        [] = [
            Client
         || {Client, Dialect, Run} <- clients(Work), Weights <- ?WEIGHTS,
            not agrees(Client, Dialect, Weights, Run, Sockets, Work)
        ]
    after
        lists:foreach(fun stop/1, Ports)
    end.

clients(Work) ->
    Here = filename:dirname(escript:script_name()),
    Jar = "/usr/share/java/spymemcached.jar",
    [
        {"pylibmc", libmemcached, program(["/usr/bin/python3", filename:join(Here, "pylibmc_client.py")])},
        {"php-memcached", libmemcached, program(["php", filename:join(Here, "php_client.php")])},
        {"nutcracker", twemproxy, fun(Action, Keys, Weights) -> proxy(Action, Keys, Weights, Work) end},
        {"spymemcached", spymemcached, program(["java", "-cp", Jar ++ ":" ++ Work, "SpyClient"])}
    ].

agrees(Client, Dialect, Weights, Run, Sockets, Work) ->
    Names = [{name(Dialect, Server), Server} || Server <- ?SERVERS],
    {ok, Continuum} = ketama:new(
        [{Name, Weight} || {{Name, _}, Weight} <- lists:zip(Names, Weights)], #{dialect => Dialect}
    ),
    Socket = fun(Key) ->
        {_, Server} = lists:keyfind(binary_to_list(ketama:getserver(Continuum, Key)), 1, Names),
        maps:get(Server, Sockets)
    end,
    Keys = keys(),
    File = filename:join(Work, "keys"),
    ok = file:write_file(File, lists:join("\n", Keys)),
    flush(Sockets),
    Stored = Run("set", File, Weights),
    Found = length([Key || Key <- Keys, get(Socket(Key), Key)]),
    flush(Sockets),
    [true = set(Socket(Key), Key) || Key <- Keys],
    Read = Run("get", File, Weights),
    io:format("~-14s ~-13s weights ~-28w ~b keys: stored ~b, found ~b; found back ~b~n", [
        Client, Dialect, Weights, ?KEYS, Stored, Found, Read
    ]),
    [Stored, Found, Read] =:= [?KEYS, ?KEYS, ?KEYS].

%% A server as the client writes it.
name(spymemcached, {Host, Ip, Port}) when Host =/= Ip -> Host ++ "/" ++ address(Ip, Port);
name(_Dialect, {Host, _, Port}) -> address(Host, Port).

address(Host, Port) -> Host ++ ":" ++ integer_to_list(Port).

keys() ->
    [
        lists:sublist("key:" ++ integer_to_list(I) ++ lists:duplicate(I rem 200, $k), 200)
     || I <- lists:seq(1, ?KEYS)
    ].

servers(Weights) ->
    [
        address(Host, Port) ++ ":" ++ integer_to_list(Weight)
     || {{Host, _, Port}, Weight} <- lists:zip(?SERVERS, Weights)
    ].

%% Clients that are programs print how many keys they stored or found.
program([Program | Arguments]) ->
    fun(Action, Keys, Weights) ->
        Port = open_port(
            {spawn_executable, os:find_executable(Program)},
            [{args, Arguments ++ [Action, Keys | servers(Weights)]}, exit_status, {line, 1000}, stderr_to_stdout]
        ),
        printed(Port, 0)
    end.

%% The last line that is a number; other lines are a program's chatter.
printed(Port, Last) ->
    receive
        {Port, {data, {_, Line}}} ->
            printed(Port, try list_to_integer(Line) catch error:badarg -> Last end);
        {Port, {exit_status, _}} ->
            Last
    end.

%% twemproxy is asked as memcached is.
proxy(Action, KeysFile, Weights, Work) ->
    File = filename:join(Work, "nutcracker.yml"),
    ok = file:write_file(File, [
        io_lib:format("ring:~n  listen: 127.0.0.1:~b~n  hash: md5~n  distribution: ketama~n  servers:~n", [?PROXY_PORT]),
        [["   - ", Server, "\n"] || Server <- servers(Weights)]
    ]),
    Port = start(["nutcracker", "-c", File, "-a", "127.0.0.1", "-s", "22221"], "127.0.0.1", ?PROXY_PORT),
    Socket = connect("127.0.0.1", ?PROXY_PORT),
    {ok, Contents} = file:read_file(KeysFile),
    Command = case Action of "set" -> fun set/2; "get" -> fun get/2 end,
    Done = length([Key || Key <- binary:split(Contents, <<"\n">>, [global]), Command(Socket, Key)]),
    ok = gen_tcp:close(Socket),
    stop(Port),
    Done.

%% memcached's text protocol, a key being its own value.

connect(Ip, Port) ->
    {ok, Socket} = gen_tcp:connect(Ip, Port, [binary, {active, false}, {packet, line}, {nodelay, true}]),
    Socket.

set(Socket, Key) ->
    ok = gen_tcp:send(Socket, ["set ", Key, " 0 0 ", integer_to_list(iolist_size(Key)), "\r\n", Key, "\r\n"]),
    {ok, <<"STORED\r\n">>} =:= gen_tcp:recv(Socket, 0, 5000).

get(Socket, Key) ->
    ok = gen_tcp:send(Socket, ["get ", Key, "\r\n"]),
    case gen_tcp:recv(Socket, 0, 5000) of
        {ok, <<"VALUE ", _/binary>>} ->
            {ok, Value} = gen_tcp:recv(Socket, 0, 5000),
            {ok, <<"END\r\n">>} = gen_tcp:recv(Socket, 0, 5000),
            Value =:= iolist_to_binary([Key, "\r\n"]);
        {ok, <<"END\r\n">>} ->
            false
    end.

flush(Sockets) ->
    [
        begin
            ok = gen_tcp:send(Socket, "flush_all\r\n"),
            {ok, <<"OK\r\n">>} = gen_tcp:recv(Socket, 0, 5000)
        end
     || Socket <- maps:values(Sockets)
    ].

%% Servers of our own, which end with us.

memcached(Ip, Port) ->
    ["memcached", "-u", "nobody", "-m", "16", "-l", Ip, "-p", integer_to_list(Port), "-U", "0"].

start([Program | Arguments], Ip, Port) ->
    Executable = os:find_executable(Program),
    Started = open_port({spawn_executable, Executable}, [{args, Arguments}, stderr_to_stdout]),
    wait(Ip, Port, 100),
    Started.

wait(Ip, Port, Tries) ->
    case gen_tcp:connect(Ip, Port, []) of
        {ok, Socket} ->
            gen_tcp:close(Socket);
        {error, _} when Tries > 0 ->
            timer:sleep(50),
            wait(Ip, Port, Tries - 1)
    end.

stop(Port) ->
    {os_pid, Pid} = erlang:port_info(Port, os_pid),
    %% The port closes when the program has ended.
    [] = os:cmd("kill " ++ integer_to_list(Pid)).
