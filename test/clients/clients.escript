#!/usr/bin/env escript
%% Compares ketama with real clients at work. Starts memcached servers on loopback, stores keys through each client and
%% reads them from the server that ketama names, and the other way round; does so again with one server down if the
%% client then goes to other servers. Usage: clients.escript WORK CLIENT... The folder WORK has SpyClient, compiled, and
%% npm's and PyPI's packages. Without a CLIENT, all run.
-mode(compile).

%% {Host, Address, Port}. Some clients leave out the default port, 11211.
-define(SERVERS, [
    {"127.0.1.1", "127.0.1.1", 11211},
    {"127.0.1.2", "127.0.1.2", 11211},
    {"127.0.1.3", "127.0.1.3", 21211},
    {"127.0.1.3", "127.0.1.3", 21212},
    {"127.0.1.4", "127.0.1.4", 21211},
    {"localhost", "127.0.0.1", 21213},
    {"localhost", "127.0.0.1", 21214}
]).
%% The number of the server that fails: the heaviest, so that the others' shares change most without it.
-define(FAILS, 4).
-define(PROXY_PORT, 22121).
-define(KEYS, 2000).
%% Milliseconds, after which a call counts as hung.
-define(LONG, 60000).

%% {Client, Configuration, Options, Weights, Unusual}: the configuration as its users write it, the options of the same
%% ring, the weights to try, and what differs from usual/0.
trials() ->
    Removes = ", \"remove_failed\": 1, \"retry_timeout\": 1, \"dead_timeout\": 600}",
    Compatible = "Memcached::OPT_LIBKETAMA_COMPATIBLE => true",
    Consistent = "Memcached::OPT_DISTRIBUTION => Memcached::DISTRIBUTION_CONSISTENT",
    Binary = "Memcached::OPT_BINARY_PROTOCOL => true, Memcached::OPT_TCP_NODELAY => true",
    Ejects = ", auto_eject_hosts: true, server_failure_limit: 1, server_retry_timeout: 600000",
    Weighted = #{dialect => libmemcached},
    Plain = #{dialect => libmemcached_consistent},
    %% A weight above 1 turns libmemcached's plain ring into the weighted one; the hash stays.
    Hybrid = #{dialect => libmemcached, hash => one_at_a_time},
    Modula = #{dialect => modula},
    Proxy = #{dialect => twemproxy},
    Spy = #{dialect => spymemcached},
    Both = [equal, skewed],
    Fails = #{fails => without},
    Unweighted = #{server => fun unweighted/2},
    Ascii = #{key => fun ascii/1},
    Session = #{key => fun ascii/1, entry => fun session/1},
    Java = #{server => fun java/2, key => fun text/1},
    Text = #{key => fun text/1},
    Dalli = #{dialect => dalli},
    Node = #{dialect => node_memcached},
    Fast = #{dialect => cache_memcached_fast, ketama_points => 150},
    Nginx = #{actions => ["get"], entry => fun escaped/1},
    Memcache = #{dialect => pecl_memcache},
    [
        {"pylibmc", "{\"ketama_weighted\": True}", Weighted, Both, #{}},
        {"pylibmc", "{\"ketama_weighted\": True" ++ Removes, Weighted, Both, Fails},
        {"pylibmc", "{\"ketama\": True}", Plain, [equal], #{}},
        {"pylibmc", "{\"ketama\": True}", Hybrid, [skewed], #{}},
        {"pylibmc", "{\"ketama\": True" ++ Removes, Plain, [equal], Fails},
        {"pylibmc", "{\"ketama\": True, \"hash\": \"md5\"}", Plain#{hash => md5}, [equal], #{}},
        {"pylibmc", "{}", Modula, Both, Unweighted},
        {"php", "[" ++ Compatible ++ "]", Weighted, Both, Ascii},
        {"php", "[" ++ Consistent ++ "]", Plain, [equal], Ascii},
        {"php", "[" ++ Consistent ++ "]", Hybrid, [skewed], Ascii},
        %% Only the binary protocol takes bytes above 127 in a key.
        {"php", "[" ++ Consistent ++ ", " ++ Binary ++ "]", Plain, [equal], #{}},
        {"php", "[]", Modula, Both, maps:merge(Ascii, Unweighted)},
        {"php", "session", Plain, Both, Session},
        {"nutcracker", "hash: md5", Proxy#{hash => md5}, Both, #{}},
        {"nutcracker", "hash: md5" ++ Ejects, Proxy#{hash => md5}, Both, Fails},
        {"nutcracker", "hash: fnv1a_64", Proxy#{hash => fnv1a_64}, Both, #{}},
        {"nutcracker", "distribution: ketama", Proxy, Both, #{}},
        {"nutcracker", "hash: murmur", Proxy#{hash => murmur}, Both, #{}},
        {"nutcracker", "hash: crc16", Proxy#{hash => crc16}, Both, #{}},
        {"nutcracker", "hash: one_at_a_time", Proxy#{hash => one_at_a_time}, Both, #{}},
        {"nutcracker", "hash_tag: \"{}\"", Proxy#{hash_tag => <<"{}">>}, Both, #{}},
        {"spymemcached", "plain", Spy, [equal], Java},
        {"spymemcached", "weights", Spy, [skewed], Java},
        {"dalli", "{}", Dalli, Both, #{fails => fun try_before/2}},
        {"dalli", "{namespace: 'app'}", Dalli, [skewed], hashed_after("app:")},
        {"node_memcached", "{}", Node, Both, Text},
        {"node_memcached", "{\"remove\": true, \"failures\": 0, \"retries\": 0}", Node, Both,
            maps:merge(Text, Fails)},
        {"node_memcached", "{\"namespace\": \"app:\"}", Node, [skewed],
            maps:merge(Text, hashed_after("app:"))},
        {"hashring", "{}", #{dialect => hashring}, Both, Text},
        {"cache_memcached_fast", "ketama_points => 150", Fast, Both, #{}},
        {"cache_memcached_fast", "ketama_points => 150, namespace => 'app:'", Fast, [skewed],
            stored_after("app:")},
        {"cache_memcached_fast", "ketama_points => 150, namespace => 'app:', hash_namespace => 1",
            Fast, [skewed], hashed_after("app:")},
        {"nginx", "hash $http_key consistent", #{dialect => nginx}, Both, maps:merge(Nginx, Fails)},
        {"pecl_memcache", "memcache.hash_function=crc32", Memcache, Both,
            #{fails => fun try_after/2}},
        {"pecl_memcache", "memcache.hash_function=fnv", Memcache#{hash => fnv1a_32}, Both, #{}},
        {"uhashring", "{\"hash_fn\": \"ketama\"}", #{dialect => uhashring}, Both, Text}
    ].

usual() ->
    #{
        %% A server's name and weight as the client counts them.
        server => fun weighted/2,
        %% Makes a key from a number.
        key => fun any/1,
        %% What the client hashes for a key.
        hashed => fun(Key) -> Key end,
        %% What memcached stores for a key: its own key, and the value.
        entry => fun(Key) -> {Key, Key} end,
        %% What the client can do.
        actions => ["set", "get"],
        %% Whether a server fails in the end, and how the client then finds another: in the ring `without' it, or by the
        %% hash of the key as this function changes it for each try.
        fails => false
    }.

weights(equal) -> [1, 1, 1, 1, 1, 1, 1];
weights(skewed) -> [10, 1, 5, 200, 37, 60, 3].

weighted(Server, Weight) -> {address(Server), Weight}.

unweighted(Server, _Weight) -> {address(Server), 1}.

%% As Java prints a socket's address.
java({Host, Ip, Port}, Weight) when Host =/= Ip -> {address({Host ++ "/" ++ Ip, Ip, Port}), Weight};
java(Server, Weight) -> {address(Server), Weight}.

address({Host, _, Port}) -> Host ++ ":" ++ integer_to_list(Port).

any(I) when I rem 3 =:= 0 -> text(I);
any(I) when I rem 3 =:= 1 -> bytes(I);
any(I) -> iolist_to_binary(["a{user:", integer_to_list(I div 9), "}", bytes(I)]).

text(I) ->
    Letter = lists:nth(I rem 4 + 1, "ké鍵z"),
    unicode:characters_to_binary(["key:", integer_to_list(I), lists:duplicate(I rem 70, Letter)]).

%% Random-looking bytes, without white space and control characters, which clients refuse.
bytes(I) ->
    Bytes = <<<<Byte>> || <<Byte>> <= erlang:md5(<<I:32>>), Byte > $\s, Byte =/= $\d>>,
    iolist_to_binary([integer_to_list(I), Bytes]).

ascii(I) -> iolist_to_binary(["key-", integer_to_list(I), lists:duplicate(I rem 200, $k)]).

%% PHP hashes only the id.
session(Id) ->
    {["memc.sess.key.", Id], ["id|s:", integer_to_list(byte_size(Id)), ":\"", Id, "\";"]}.

%% A prefix that the client puts before each key: hashed_after/1 for one that it hashes, stored_after/1 for one that it
%% only stores.
hashed_after(Prefix) ->
    maps:put(hashed, fun(Key) -> iolist_to_binary([Prefix, Key]) end, stored_after(Prefix)).

stored_after(Prefix) -> #{entry => fun(Key) -> {[Prefix, Key], Key} end}.

%% nginx escapes the key that it asks memcached for, and hashes the unescaped one.
escaped(Key) -> {binary:replace(Key, <<"%">>, <<"%25">>, [global]), Key}.

try_before(Key, Try) -> <<(integer_to_binary(Try))/binary, Key/binary>>.

try_after(Key, Try) -> <<Key/binary, $-, (integer_to_binary(Try))/binary>>.

main([Work | Clients]) ->
    Unknown = [Client || Client <- Clients, not lists:keymember(Client, 1, trials())],
    [] =:= Unknown orelse error({no_such_clients, Unknown}),
    Disagree = [
        Client
     || {Client, Config, Options, Each, Unusual} <- trials(),
        Clients =:= [] orelse lists:member(Client, Clients),
        Weights <- Each,
        not agrees(Client, Config, Options, Weights, maps:merge(usual(), Unusual), Work)
    ],
    [] =:= Disagree orelse halt(1).

%% Each trial has servers of its own, so that none finds what another left there.
agrees(Client, Config, Options, Weights, Trial, Work) ->
    #{server := Server, key := Key, hashed := Hashed, entry := Entry, fails := Fails} = Trial,
    Given = lists:zip(?SERVERS, weights(Weights)),
    Counted = [Server(S, Weight) || {S, Weight} <- Given],
    {ok, Ring} = ketama:new(Counted, Options),
    Pool = lists:zip([list_to_binary(Name) || {Name, _} <- Counted], memcached()),
    Keys = [Key(I) || I <- lists:seq(1, ?KEYS)],
    Entries = [{Hashed(K), Entry(K)} || K <- Keys],
    Servers = [address(S) ++ ":" ++ integer_to_list(Weight) || {S, Weight} <- Given],
    {Ask, Stop} = client(Client, Config, Keys, Servers, Work),
    Title = io_lib:format("~s ~s; ~s weights; ~0p", [Client, Config, Weights, Options]),
    Same = fun(Words, Where, Up) ->
        same([Title, Words], Where, Up, Entries, Ask, maps:get(actions, Trial))
    end,
    All = Same("", fun(K) -> ketama:getserver(Ring, K) end, Pool),
    Failed = lists:nth(?FAILS, Pool),
    Left = Fails =:= false orelse same_without(Failed, Trial, Ring, Pool, Ask, Same),
    Stop(),
    [stop(Port) || {_, {Port, _}} <- Pool, erlang:port_info(Port) =/= undefined],
    [gen_tcp:close(Socket) || {_, {_, Socket}} <- Pool],
    All andalso Left.

same_without({Name, {Port, _}} = Failed, Trial, Ring, Pool, Ask, Same) ->
    #{fails := Fails, actions := Actions} = Trial,
    stop(Port),
    [noticed(Ask, 100) || lists:member("set", Actions)],
    Same(["; without ", Name], elsewhere(Fails, Ring, Name), Pool -- [Failed]).

%% Returns the server of a key while one is down.
elsewhere(without, Ring, Down) ->
    {ok, Left} = ketama:without(Ring, [Down]),
    fun(Key) -> ketama:getserver(Left, Key) end;
elsewhere(Changed, Ring, Down) ->
    fun(Key) ->
        %% Dalli tries 20 keys, PHP's memcache one more.
        Keys = [Key | [Changed(Key, Try) || Try <- lists:seq(0, 18)]],
        [Server | _] = [S || K <- Keys, S <- [ketama:getserver(Ring, K)], S =/= Down],
        Server
    end.

%% A client refuses keys until it has noticed that their server is down.
noticed(Ask, Tries) when Tries > 0 ->
    case Ask("set") of
        ?KEYS ->
            ok;
        _ ->
            timer:sleep(200),
            noticed(Ask, Tries - 1)
    end.

same(Title, Where, Pool, Entries, Ask, Actions) ->
    Placed = [placed(Where(Key), Key, Entry, Pool) || {Key, Entry} <- Entries],
    {Counts, Lost} = lists:unzip([tried(Action, Placed, Pool, Ask) || Action <- Actions]),
    All = lists:append(Counts),
    Words = [[What, " ", integer_to_list(Count)] || {What, Count} <- All],
    io:format("~s: ~b keys: ~s~n", [Title, ?KEYS, lists:join(", ", Words)]),
    [
        io:format("    ~0p is not at ~s~n", [Key, Server])
     || {Key, Server} <- lists:sublist(lists:append(Lost), 3)
    ],
    lists:all(fun({_, Count}) -> Count =:= ?KEYS end, All).

tried("set", Placed, Pool, Ask) ->
    flush(Pool),
    Stored = Ask("set"),
    Lost = [{Key, Server} || {Key, Server, Socket, Entry} <- Placed, not get(Socket, Entry)],
    {[{"stored", Stored}, {"found", ?KEYS - length(Lost)}], Lost};
tried("get", Placed, Pool, Ask) ->
    flush(Pool),
    [true = set(Socket, Entry) || {_, _, Socket, Entry} <- Placed],
    {[{"found back", Ask("get")}], []}.

placed(Server, Key, Entry, Pool) ->
    {_, {_, Socket}} = lists:keyfind(Server, 1, Pool),
    {Key, Server, Socket, Entry}.

%% Starts a client. Returns a function that makes it store or read all keys and returns how many worked, and one that
%% stops it. A client is a program that takes commands on its input, or a proxy that speaks memcached's protocol.

client("nutcracker", Config, Keys, Servers, Work) ->
    File = filename:join(Work, "nutcracker.yml"),
    ok = file:write_file(File, [
        io_lib:format("ring:~n  listen: 127.0.0.1:~b~n", [?PROXY_PORT]),
        [["  ", Line, "\n"] || Line <- string:split(Config, ", ", all)],
        "  servers:\n",
        [["   - ", Server, "\n"] || Server <- Servers]
    ]),
    Log = filename:join(Work, "nutcracker.log"),
    proxy(["nutcracker", "-c", File, "-o", Log, "-a", "127.0.0.1", "-s", "22221"], Keys, fun do/3);
client("nginx", Config, Keys, Servers, Work) ->
    File = filename:join(Work, "nginx.conf"),
    ok = file:write_file(File, nginx(Config, Servers)),
    Command = ["nginx", "-p", Work, "-e", "nginx.log", "-c", filename:absname(File)],
    proxy(Command, Keys, fun http/3);
client("pylibmc", Config, Keys, Servers, Work) ->
    program(["/usr/bin/python3", here("pylibmc_client.py"), Config], Keys, Servers, Work);
client("php", Config, Keys, Servers, Work) ->
    program(["php", here("php_client.php"), Config], Keys, Servers, Work);
client("pecl_memcache", Config, Keys, Servers, Work) ->
    program(["php", "-d", Config, here("php_client.php"), "memcache"], Keys, Servers, Work);
client("dalli", Config, Keys, Servers, Work) ->
    program(["/usr/bin/ruby", here("dalli_client.rb"), Config], Keys, Servers, Work);
client("cache_memcached_fast", Config, Keys, Servers, Work) ->
    program(["/usr/bin/perl", here("fast_client.pl"), Config], Keys, Servers, Work);
client("uhashring", Config, Keys, Servers, Work) ->
    Packages = "PYTHONPATH=" ++ filename:join(Work, "python"),
    Program = ["env", Packages, "/usr/bin/python3", here("uhashring_client.py"), Config],
    program(Program, Keys, Servers, Work);
client("node_memcached", Config, Keys, Servers, Work) ->
    node("memcached", Config, Keys, Servers, Work);
client("hashring", Config, Keys, Servers, Work) ->
    node("hashring", Config, Keys, Servers, Work);
client("spymemcached", Config, Keys, Servers, Work) ->
    Path = "/usr/share/java/spymemcached.jar:" ++ Work,
    program(["java", "-cp", Path, "SpyClient", Config], Keys, Servers, Work).

%% Its files are in WORK, where it may write as any user.
nginx(Config, Servers) ->
    [
        "daemon off; master_process off; pid nginx.pid; events {}\n",
        "http {\n",
        [
            [Kind, "_temp_path nginx.temp;\n"]
         || Kind <- ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        ],
        "access_log off; keepalive_requests 1000000;\n",
        "upstream ring {\n",
        [["server ", nginx_server(Server), ";\n"] || Server <- Servers],
        [Config, ";\n}\n"],
        io_lib:format("server { listen 127.0.0.1:~b;~n", [?PROXY_PORT]),
        "location / { set $memcached_key $http_key; memcached_pass ring; }\n",
        "}}\n"
    ].

nginx_server(Server) ->
    [Address, Weight] = string:split(Server, ":", trailing),
    [Address, " weight=", Weight].

node(Package, Config, Keys, Servers, Work) ->
    Packages = "NODE_PATH=" ++ filename:join(Work, "node_modules"),
    Program = ["env", Packages, "node", here("node_client.js"), Package, Config],
    program(Program, Keys, Servers, Work).

here(File) -> filename:join(filename:dirname(escript:script_name()), File).

program([Program | Arguments], Keys, Servers, Work) ->
    File = filename:join(Work, "keys"),
    ok = file:write_file(File, lists:join("\n", Keys)),
    Port = open_port(
        {spawn_executable, os:find_executable(Program)},
        [{args, Arguments ++ [File | Servers]}, exit_status, {line, 1000}, stderr_to_stdout]
    ),
    Ask = fun(Action) ->
        port_command(Port, [Action, "\n"]),
        number(Port, [])
    end,
    %% The program ends when its input does.
    {Ask, fun() -> port_close(Port) end}.

%% Returns the next line that is a number; other lines only matter if the program fails.
number(Port, Chatter) ->
    receive
        {Port, {data, {_, Line}}} ->
            try list_to_integer(Line) catch error:badarg -> number(Port, [Line | Chatter]) end;
        {Port, {exit_status, _}} ->
            error({ended, lists:reverse(Chatter)})
    after ?LONG ->
        error({hangs, lists:reverse(Chatter)})
    end.

proxy(Command, Keys, Do) ->
    Port = start(Command, "127.0.0.1", ?PROXY_PORT),
    Socket = connect("127.0.0.1", ?PROXY_PORT),
    Ask = fun(Action) -> length([Key || Key <- Keys, Do(Action, Socket, {Key, Key})]) end,
    Stop = fun() ->
        gen_tcp:close(Socket),
        stop(Port)
    end,
    {Ask, Stop}.

do("set", Socket, Entry) -> set(Socket, Entry);
do("get", Socket, Entry) -> get(Socket, Entry).

%% Requests a page with the key in a header; the page is the value.
http("get", Socket, {Key, Value}) ->
    ok = gen_tcp:send(Socket, ["GET / HTTP/1.1\r\nHost: ketama\r\nKey: ", Key, "\r\n\r\n"]),
    <<"HTTP/1.1 ", Status:3/binary, _/binary>> = line(Socket),
    Size = size_of_page(line(Socket), Socket),
    ok = inet:setopts(Socket, [{packet, raw}]),
    {ok, Page} = gen_tcp:recv(Socket, Size, ?LONG),
    ok = inet:setopts(Socket, [{packet, line}]),
    {Status, Page} =:= {<<"200">>, Value}.

%% Read together with the lines before the page.
size_of_page(<<"Content-Length: ", Size/binary>>, Socket) ->
    header_ends(line(Socket), Socket),
    binary_to_integer(string:trim(Size));
size_of_page(_, Socket) ->
    size_of_page(line(Socket), Socket).

header_ends(<<"\r\n">>, _Socket) -> ok;
header_ends(_, Socket) -> header_ends(line(Socket), Socket).

%% memcached's text protocol.

connect(Ip, Port) ->
    {ok, Socket} = gen_tcp:connect(Ip, Port, [binary, {active, false}, {packet, line}, {nodelay, true}]),
    Socket.

set(Socket, {Key, Value}) ->
    Size = integer_to_list(iolist_size(Value)),
    ok = gen_tcp:send(Socket, ["set ", Key, " 0 0 ", Size, "\r\n", Value, "\r\n"]),
    <<"STORED\r\n">> =:= line(Socket).

get(Socket, {Key, Value}) ->
    ok = gen_tcp:send(Socket, ["get ", Key, "\r\n"]),
    case line(Socket) of
        <<"VALUE ", _/binary>> ->
            Line = line(Socket),
            <<"END\r\n">> = line(Socket),
            Line =:= iolist_to_binary([Value, "\r\n"]);
        _ ->
            false
    end.

flush(Pool) ->
    [
        begin
            ok = gen_tcp:send(Socket, "flush_all\r\n"),
            <<"OK\r\n">> = line(Socket)
        end
     || {_, {_, Socket}} <- Pool
    ].

line(Socket) ->
    {ok, Line} = gen_tcp:recv(Socket, 0, ?LONG),
    Line.

%% Our own servers.

memcached() ->
    [{start(memcached(Ip, Port), Ip, Port), connect(Ip, Port)} || {_, Ip, Port} <- ?SERVERS].

memcached(Ip, Port) ->
    ["memcached", "-u", "nobody", "-m", "16", "-l", Ip, "-p", integer_to_list(Port), "-U", "0"].

%% The shell kills the program as soon as it is told to or this VM ends, in whatever way.
start(Command, Ip, Port) ->
    {error, econnrefused} =:= gen_tcp:connect(Ip, Port, []) orelse error({in_use, Ip, Port}),
    Script = "\"$@\" & read -r line; kill -9 $!; wait",
    Started = open_port(
        {spawn_executable, "/bin/sh"}, [{args, ["-c", Script, "sh" | Command]}, exit_status]
    ),
    listens(Ip, Port, 1000),
    Started.

listens(Ip, Port, Tries) ->
    case gen_tcp:connect(Ip, Port, []) of
        {ok, Socket} ->
            gen_tcp:close(Socket);
        {error, econnrefused} when Tries > 0 ->
            timer:sleep(10),
            listens(Ip, Port, Tries - 1)
    end.

stop(Port) ->
    port_command(Port, "\n"),
    receive
        {Port, {exit_status, _}} -> ok
    after ?LONG ->
        error(hangs)
    end.
