%% Runs the code of README.md and the guides: the fenced blocks of a document, in order, each with the variables bound
%% by those before it. A temporary folder is the working directory and stands for /etc. A block in a language that run/2
%% does not know fails.
-module(ketama_guide_tests).

-include_lib("eunit/include/eunit.hrl").

-record(run, {
    folder :: file:filename_all(),
    %% The first folder of the commands' PATH.
    tools :: file:filename_all(),
    erlang = erl_eval:new_bindings(),
    elixir = [],
    %% Makes the calls in Erlang blocks; those to a name server or memcached go to the test's own.
    call = fun erlang:apply/3 :: fun((module(), atom(), list()) -> term())
}).

%% A test of each document.
documents_test_() ->
    {setup, fun start_elixir/0, fun stop_elixir/1, [
        {timeout, 300, {filename:basename(Path), fun() -> test(Path) end}}
     || Path <- documents()
    ]}.

test(Path) ->
    Links = links(),
    ketama_test:quietly(fun() ->
        ketama_test:in_folder(fun(Folder) ->
            document(filename:basename(Path), blocks(ketama_test:lines(Path)), prepare(Folder)),
            stop(Links)
        end)
    end).

document("building.md", Blocks, Run) ->
    %% rebar3 would take the parent folder for a part of the project.
    ketama_test:in_folder(fun(Folder) -> building(Blocks, Run#run{folder = Folder}) end);
document("from-the-port-driver.md", Blocks, Run) ->
    from_the_port_driver(Blocks, Run);
document("operations.md", Blocks, Run) ->
    operations(Blocks, Run);
document("sharing-a-pool.md", Blocks, Run) ->
    sharing_a_pool(Blocks, Run);
document(_, Blocks, Run) ->
    lists:foldl(fun run/2, Run, Blocks).

%% The make commands in running text.
make_targets_test_() ->
    {timeout, 300, fun() ->
        ketama_test:in_folder(fun(Folder) ->
            Commands = lists:usort(lists:append([matches(text(Path), "`(make [^`<]*)`") || Path <- documents()])),
            ?assert(length(Commands) > 10),
            run({sh, lists:join("\n", Commands)}, prepare(Folder))
        end)
    end}.

%% Every link leads to a file that exists, and to a heading in it.
links_test() ->
    [
        ?assertEqual({Path, Link, true}, {Path, Link, is_there(Path, string:split(Link, "#"))})
     || Path <- documents(), Link <- matches(text(Path), "\\]\\(([^)]*)\\)")
    ].

is_there(Path, [<<>>, Heading]) ->
    Headings = [
        %% The anchor as GitHub makes it.
        string:replace(re:replace(string:lowercase(Text), "[^\\w\\- ]", "", [global, unicode]), " ", "-", all)
     || Text <- matches(text(Path), "\n#+ ([^\n]*)")
    ],
    lists:member(Heading, [iolist_to_binary(Text) || Text <- Headings]);
is_there(Path, [File | Heading]) ->
    There = filename:join(filename:dirname(Path), File),
    filelib:is_file(There) andalso (Heading =:= [] orelse is_there(There, [<<>> | Heading])).

%% The README's table lists exactly the exported functions.
functions_test() ->
    Rows = matches(text(filename:join(root(), "README.md")), "\n\\| (`[a-z_]+\\(.*?) \\| "),
    Listed = [call(Call) || Row <- Rows, Call <- matches(Row, "`([^`]*)`")],
    Exported = ketama:module_info(exports) -- [{module_info, 0}, {module_info, 1}],
    ?assertEqual([], Listed -- Exported),
    ?assertEqual([], lists:usort([Name || {Name, _} <- Exported]) -- [Name || {Name, _} <- Listed]).

call(Text) ->
    {ok, [{call, _, {atom, _, Name}, Arguments}]} = erl_parse:parse_exprs(tokens([Text, $.])),
    {Name, length(Arguments)}.

%% The documents.

building([{sh, Mix}, {sh, Given}, {sh, Package}, {sh, InRebar3}, {sh, InMix}, {sh, Target}, {erlang, Escript}], Run) ->
    #run{folder = Folder} = Run,
    Library = filename:join([ketama_test:ebin(), "..", "priv", "libketama_nif.so"]),
    Checkouts = filename:join(Folder, "_checkouts/ketama"),
    Vendor = filename:join(Folder, "vendor/ketama"),
    project(Folder),
    [source(To) || To <- [Checkouts, Vendor]],

    Built = fun(Pattern) ->
        [_] = filelib:wildcard(filename:join([Folder, Pattern, "ketama/priv/libketama_nif.so"]))
    end,
    run({sh, [Mix, $\n, replace(Given, "/path/libketama_nif.so", Library)]}, Run),
    Built("_build/default/checkouts"),
    Built("_build/dev/lib"),
    %% Builds for this machine, since the other machine's Rust may not be installed.
    run({sh, ["export KETAMA_LIBRARY=", Library, $\n, Mix, $\n, Target]}, Run),
    Built("_build/rpi4_dev/lib"),
    Built("_build_rpi4/default/checkouts"),

    run({sh, Package}, Run),
    {ok, [{application, ketama, Keys}]} = file:consult(filename:join(ketama_test:ebin(), "ketama.app")),
    {vsn, Version} = lists:keyfind(vsn, 1, Keys),
    Archive = filename:join(Folder, "ketama-" ++ Version ++ "-x86_64-unknown-linux-gnu-otp.tar.gz"),
    ok = erl_tar:create(Archive, [{"ketama/native/libketama_nif.so", Library}], [compressed]),
    [
        begin
            ok = file:del_dir_r(To),
            run({sh, Block}, Run),
            ?assert(filelib:is_regular(filename:join(To, "native/libketama_nif.so")))
        end
     || {Block, To} <- [{InRebar3, Checkouts}, {InMix, Vendor}]
    ],

    Modules = filename:join(Folder, "modules"),
    ok = file:make_symlink(ketama_test:ebin(), Modules),
    Code = [replace(string:trim(Escript, trailing, ".\n"), "/opt/fleet/libketama_nif.so", Library), ",
        {ok, C} = ketama:new([\"a\"]), io:put_chars(ketama:getserver(C, \"key\"))"],
    ?assertEqual("a", ketama_test:erl([Modules], unicode:characters_to_list(Code))).

%% Writes a project for rebar3 and for Mix.
project(Folder) ->
    write(Folder, "rebar.config", "{deps, [ketama]}."),
    write(Folder, "src/fleet.app.src", "{application, fleet, [{vsn, \"1\"}, {applications, [kernel, stdlib, ketama]}]}."),
    write(Folder, "mix.exs", "
        defmodule Fleet.MixProject do
          use Mix.Project
          def project do
            [app: :fleet, version: \"1.0.0\", deps: [{:ketama, path: \"vendor/ketama\", manager: :rebar3}]]
          end
        end").

%% Copies what a build of ketama needs besides its modules and crates.
source(To) ->
    Names = ["rebar.config", "native/build.sh", "erlang/ketama.app.src", "erlang/ketama.appup"],
    [write(To, Name, text(filename:join(root(), Name))) || Name <- Names],
    ok = file:make_symlink("erlang", filename:join(To, "src")).

from_the_port_driver([{erlang, Child} | Blocks], Run) ->
    [{erlang, Lookup}, {erlang, Config}] = Blocks,
    #run{erlang = Bindings} = Started = run({erlang, Child}, Run),
    {ok, _} = supervisor:start_link(ketama_test, [bound('Child', Bindings)]),
    #run{erlang = Found} = run({erlang, Lookup}, Started),
    ?assertEqual(<<"10.0.1.5:11211">>, bound('Server', Found)),
    {ok, Environment} = erl_parse:parse_term(tokens(replace(Config, "/etc/", Run#run.folder ++ "/"))),
    ok = application:set_env(Environment),
    ok = ketama:stop(ketama),
    ?assertEqual(ignore, ketama:start_link()),
    ok = application:unset_env(ketama, servers_file).

operations(Blocks, #run{folder = Folder} = Start) ->
    [
        {erlang, Child},
        {erlang, Watcher},
        {elixir, Children},
        {erlang, Pools},
        {erlang, Lookups},
        {erlang, Dns},
        {erlang, Callbacks},
        {erlang, Before},
        {erlang, Which},
        {erlang, Mero},
        {elixir, Memcachex}
    ] = Blocks,
    Links = links(),
    write(Folder, "ketama/sessions.servers", "10.0.0.1:11211\t1\n10.0.0.2:11211\t1\n"),
    write(Folder, "ketama/pages.servers", "10.0.0.1:11211\t1\n"),
    [
        begin
            run(Block, Start),
            ?assertEqual(<<"10.0.1.5:11211">>, ketama:getserver("user:123")),
            stop(Links)
        end
     || Block <- [{erlang, Child}, {erlang, Watcher}, {elixir, Children}]
    ],

    #run{erlang = Named} = Looked = lists:foldl(fun run/2, Start, [{erlang, Pools}, {erlang, Lookups}]),
    ?assertEqual(ketama:getserver(ketama:continuum(sessions), "user:123"), bound('Server', Named)),
    ?assertEqual(#{<<"10.0.0.1:11211">> => [<<"/index.html">>, <<"/about.html">>]}, bound('Plan', Named)),

    {NameServer, Port} = name_server(),
    Call = fun
        %% The file changes just before the block, so the watcher has not seen the change.
        (ketama, reload, [sessions]) ->
            write(Folder, "ketama/sessions.servers", "10.0.0.1:11211\t1\n10.0.0.3:11211\t1\n"),
            ketama:reload(sessions);
        (inet_res, lookup, Arguments) ->
            apply(inet_res, lookup, Arguments ++ [[{nameservers, [{{127, 0, 0, 1}, Port}]}]]);
        (Module, Function, Arguments) ->
            apply(Module, Function, Arguments)
    end,
    Records = [{0, 60, 11211, "cache1.example.com"}, {0, 0, 11212, "cache2.example.com"}],
    NameServer ! {records, lists:reverse(Records)},
    Resolved = run({erlang, Dns}, Looked#run{call = Call}),
    Servers = [{<<"cache1.example.com:11211">>, 60}, {<<"cache2.example.com:11212">>, 1}],
    ?assertEqual(Servers, weights(carts)),
    NameServer ! {records, Records},
    ?assertEqual(unchanged, ketama:reload(carts)),
    NameServer ! {records, []},
    ?assertEqual({error, {source, no_records}}, ketama:reload(carts)),
    ?assertEqual(Servers, weights(carts)),
    NameServer ! {records, tl(Records)},
    ?assertMatch({ok, Moved} when Moved > 0.5, ketama:reload(carts)),
    ?assertEqual(tl(Servers), weights(carts)),

    Told = run({erlang, Callbacks}, Resolved),
    Images = ketama:continuum(images),
    Opened = ketama:servers(Images),
    ?assertEqual([{open, images, Opened}, {close, images, undefined, Images}], [received(), received()]),

    Old = ketama:continuum(sessions),
    #run{erlang = Bindings} = lists:foldl(fun run/2, Told, [{erlang, Before}, {erlang, Which}]),
    ?assert(bound('Moved', Bindings) >= 0.5),
    #{<<"10.0.0.2:11211">> := Keys} = bound('Former', Bindings),
    Missing = bound('Missing', Bindings),
    ?assertEqual(maps:get(<<"10.0.0.2:11211">>, ketama:group(Old, Missing)), Keys),
    #{fingerprint := Fingerprint} = ketama:info(sessions),
    ?assertEqual(Fingerprint, bound('Fingerprint', Bindings)),

    stop(Links),
    write(Folder, "sessions.servers", "10.0.0.2:11212\t1\n10.0.0.2:11211\t1\n10.0.0.10:11211\t1\n"),
    mero(Mero, Start),
    stop(Links),
    memcachex(Memcachex, Start).

%% A stand-in for mero, with the two functions that the block calls. Its servers are sorted.
mero(Block, Run) ->
    load(mero_sup, "start_link([{sessions, [_ | _]}]) -> ignore."),
    Sorted = [{"10.0.0.10", 11211}, {"10.0.0.2", 11211}, {"10.0.0.2", 11212}],
    load(mero_cluster, io_lib:format("child_definitions(sessions) -> [{H, P, n, w} || {H, P} <- ~p].", [Sorted])),
    run({erlang, Block}, Run),
    {ok, Servers} = ketama_guide:servers(),
    ?assertEqual(Sorted, lists:sort(Servers)),
    Keys = [integer_to_binary(Key) || Key <- lists:seq(1, 20)],
    [
        ?assertEqual(
            ketama:address(ketama:getserver(sessions, Key)), lists:nth(1 + ketama_guide:shard(Key, 3), Sorted)
        )
     || Key <- Keys
    ].

%% A stand-in for memcachex, whose connections only know their address.
memcachex(Block, #run{folder = Folder} = Run) ->
    Memcache =
        "defmodule Memcache do
           def child_spec(arguments), do: %{id: Memcache, start: {Memcache, :start_link, arguments}}
           def start_link([hostname: host, port: port], options), do: Agent.start_link(fn -> {host, port} end, options)
           def get(pid, key), do: {Agent.get(pid, & &1), key}
         end",
    Sessions = ["defmodule Sessions do\nuse Supervisor\n", Block, "\nend"],
    lists:foldl(fun run/2, Run, [{elixir, Memcache}, {elixir, Sessions}]),
    {ok, _} = 'Elixir.Supervisor':start_link('Elixir.Sessions', filename:join(Folder, "sessions.servers")),
    [
        ?assertEqual({ketama:address(ketama:getserver(sessions, Key)), Key}, 'Elixir.Sessions':get(Key))
     || Key <- [<<"user:123">>, <<"user:124">>, <<"foo">>]
    ].

%% Only the server that ketama names has the key.
sharing_a_pool([First | Blocks], Start) ->
    {ok, _} = application:ensure_all_started(crypto),
    #run{erlang = Made} = Run = run(First, Start),
    Owner = ketama:getserver(bound('C', Made), <<"ketama:check">>),
    {Host, 11211} = ketama:address(Owner),
    {With, Without} = {memcached(<<"VALUE ketama:check 0 1\r\n1\r\nEND\r\n">>), memcached(<<"END\r\n">>)},
    Call = fun
        (gen_tcp, connect, [Asked, 11211, Options]) when Asked =:= Host ->
            gen_tcp:connect({127, 0, 0, 1}, With, Options);
        (gen_tcp, connect, ["10.0.0." ++ _, 11211, Options]) ->
            gen_tcp:connect({127, 0, 0, 1}, Without, Options);
        %% No timeout: the machine may be slow.
        (gen_tcp, recv, [Socket, 0, 1000]) ->
            gen_tcp:recv(Socket, 0);
        (Module, Function, Arguments) ->
            apply(Module, Function, Arguments)
    end,
    #run{erlang = Bindings} = lists:foldl(fun run/2, Run#run{call = Call}, Blocks),
    ?assertEqual(Owner, bound('Found', Bindings)),
    ?assertEqual([<<"10.0.0.2:11211">>], bound('Down', Bindings)),
    ?assert(abs(bound('Moved', Bindings) - 0.75) < 0.001),
    ?assertEqual(<<"10.0.0.4:11211">>, ketama:getserver(bound('C', Bindings), <<"user:123">>)),
    ?assertNotEqual(<<"10.0.0.4:11211">>, bound('Next', Bindings)),
    ?assertNotEqual(<<"10.0.0.4:11211">>, bound('Ejected', Bindings)).

weights(Ring) ->
    [{Name, Weight} || {Name, Weight, _Points} <- ketama:servers(Ring)].

received() ->
    receive
        {open, _, _} = Open -> Open;
        {close, _, _, _} = Close -> Close
    end.

%% Starts a memcached on loopback that gives this answer when it is asked for a key.
memcached(Answer) ->
    {ok, Listener} = gen_tcp:listen(0, [binary, {ip, {127, 0, 0, 1}}, {packet, line}, {active, false}]),
    {ok, Port} = inet:port(Listener),
    ok = gen_tcp:controlling_process(Listener, spawn_link(fun() -> serve(Listener, Answer) end)),
    Port.

serve(Listener, Answer) ->
    {ok, Socket} = gen_tcp:accept(Listener),
    {ok, <<"get ketama:check\r\n">>} = gen_tcp:recv(Socket, 0),
    ok = gen_tcp:send(Socket, Answer),
    serve(Listener, Answer).

%% A name server on loopback, which answers every question with the records it was given last.
name_server() ->
    {ok, Socket} = gen_udp:open(0, [binary, {ip, {127, 0, 0, 1}}]),
    {ok, Port} = inet:port(Socket),
    Pid = spawn_link(fun() -> answer(Socket, []) end),
    ok = gen_udp:controlling_process(Socket, Pid),
    {Pid, Port}.

answer(Socket, Records) ->
    receive
        {records, New} ->
            answer(Socket, New);
        {udp, Socket, Address, Port, Packet} ->
            {ok, Query} = inet_dns:decode(Packet),
            [Question] = inet_dns:msg(Query, qdlist),
            Domain = inet_dns:dns_query(Question, domain),
            Answers = [
                inet_dns:make_rr([{domain, Domain}, {class, in}, {type, srv}, {ttl, 0}, {data, Record}])
             || Record <- Records
            ],
            Header = inet_dns:make_header(inet_dns:msg(Query, header), qr, true),
            Reply = inet_dns:make_msg(inet_dns:make_msg(Query, header, Header), anlist, Answers),
            ok = gen_udp:send(Socket, Address, Port, inet_dns:encode(Reply)),
            answer(Socket, Records)
    end.

%% The languages.

%% Runs a block. One that defines init/1 is a supervisor, and is started.
run({erlang, Text}, #run{folder = Folder, erlang = Bindings, call = Call} = Run) ->
    Block = replace_all(Text, "/etc/", Folder ++ "/"),
    case re:run(Block, "^[a-z]\\w*\\(.*\\) ->") of
        {match, _} ->
            load(ketama_guide, replace_all(Block, "?MODULE", "ketama_guide")),
            {ok, _} = supervisor:start_link(ketama_guide, []),
            Run;
        nomatch ->
            {ok, Expressions} = erl_parse:parse_exprs(tokens(Block)),
            Remote = fun
                ({Module, Function}, Arguments) -> Call(Module, Function, Arguments);
                (Fun, Arguments) -> apply(Fun, Arguments)
            end,
            {value, _, More} = erl_eval:exprs(Expressions, Bindings, none, {value, Remote}),
            Run#run{erlang = More}
    end;
run({elixir, Text}, #run{folder = Folder, elixir = Bindings} = Run) ->
    {_, More} = 'Elixir.Code':eval_string(replace_all(Text, "/etc/", Folder ++ "/"), Bindings),
    Run#run{elixir = More};
run({sh, Text}, #run{folder = Folder, tools = Tools} = Run) ->
    Path = Tools ++ ":" ++ os:getenv("PATH"),
    Options = [{cd, Folder}, {env, [{"PATH", Path}, {"TERM", "dumb"}]}, {args, ["-euc", iolist_to_binary(Text)]}],
    Port = open_port({spawn_executable, "/bin/sh"}, [exit_status, stderr_to_stdout, binary | Options]),
    ended(Port, []),
    Run;
run({servers, Text}, #run{folder = Folder} = Run) ->
    write(Folder, "ketama.servers", Text),
    {ok, _} = ketama:new(filename:join(Folder, "ketama.servers")),
    Run;
run({Language, _}, _) ->
    error({no_test_of, Language}).

ended(Port, Output) ->
    receive
        {Port, {data, Data}} -> ended(Port, [Output, Data]);
        {Port, {exit_status, 0}} -> ok;
        {Port, {exit_status, Status}} -> error({Status, iolist_to_binary(Output)})
    end.

%% Loads a module of these functions.
load(Name, Functions) ->
    Forms = [parse_form(Tokens) || Tokens <- split(tokens(Functions))],
    Attributes = [{attribute, 1, module, Name}, {attribute, 1, compile, [export_all, nowarn_export_all]}],
    {ok, Name, Code} = compile:forms(Attributes ++ Forms),
    {module, Name} = code:load_binary(Name, "", Code).

parse_form(Tokens) ->
    {ok, Form} = erl_parse:parse_form(Tokens),
    Form.

split([]) ->
    [];
split(Tokens) ->
    {Form, [Dot | Rest]} = lists:splitwith(fun(Token) -> element(1, Token) =/= dot end, Tokens),
    [Form ++ [Dot] | split(Rest)].

tokens(Text) ->
    {ok, Tokens, _} = erl_scan:string(unicode:characters_to_list(Text)),
    Tokens.

bound(Name, Bindings) ->
    {value, Value} = erl_eval:binding(Name, Bindings),
    Value.

%% Starts Elixir in this VM.
start_elixir() ->
    Folder = string:trim(os:cmd("elixir -e 'IO.write(:code.lib_dir(:elixir))'")),
    true = code:add_pathz(filename:join(Folder, "ebin")),
    {ok, _} = application:ensure_all_started(elixir),
    Folder.

stop_elixir(Folder) ->
    ok = ketama_test:quietly(fun() -> application:stop(elixir) end),
    true = code:del_path(filename:join(Folder, "ebin")).

%% The documents and their folder.

documents() ->
    [filename:join(root(), "README.md") | filelib:wildcard(filename:join([root(), "guides", "*.md"]))].

root() ->
    filename:dirname(filename:dirname(filename:absname(?FILE))).

text(Path) ->
    {ok, Text} = file:read_file(Path),
    Text.

matches(Text, Pattern) ->
    case re:run(Text, Pattern, [global, {capture, all_but_first, binary}]) of
        {match, Matches} -> lists:append(Matches);
        nomatch -> []
    end.

blocks([<<"```", Language/binary>> | Lines]) ->
    {Block, [_ | Rest]} = lists:splitwith(fun(Line) -> Line =/= <<"```">> end, Lines),
    [{binary_to_atom(Language), iolist_to_binary([[Line, $\n] || Line <- Block])} | blocks(Rest)];
blocks([Line | Lines]) ->
    nomatch = re:run(Line, "^\\s*(```|~~~)"),
    blocks(Lines);
blocks([]) ->
    [].

%% Makes what the documents mention: servers files, a file of keys, the command, and a make that only checks its
%% targets.
prepare(Folder) ->
    Servers = text(filename:join(root(), "examples/ketama.servers")),
    write(Folder, "ketama.servers", Servers),
    write(Folder, "ketama.servers.new", [Servers, "10.0.1.6:11211\t400\n"]),
    write(Folder, "keys", "user:123\nfoo\n"),
    Command = filename:join(Folder, "bin/ketama"),
    write(Folder, "bin/ketama", text(filename:join(root(), "bin/ketama"))),
    ok = file:make_symlink(ketama_test:ebin(), filename:join(Folder, "ebin")),
    ok = file:make_symlink(filename:join(ketama_test:ebin(), "../priv"), filename:join(Folder, "priv")),
    write(Folder, "tools/make", [
        "#!/bin/sh\nunset MAKEFLAGS MAKELEVEL MFLAGS\n",
        "would=$(", os:find_executable("make"), " -n -C '", root(), "' \"$@\") || exit 1\n",
        "case $would in *'Nothing to be done'*) echo \"make $*: no target\"; exit 1; esac\n"
    ]),
    Make = filename:join(Folder, "tools/make"),
    [ok = file:change_mode(File, 8#755) || File <- [Command, Make]],
    #run{folder = Folder, tools = filename:dirname(Make)}.

write(Folder, Name, Contents) ->
    Path = filename:join(Folder, Name),
    ok = filelib:ensure_dir(Path),
    ok = file:write_file(Path, Contents).

%% Replaces a pattern that must occur in the text.
replace(Text, Pattern, Replacement) ->
    [_, _ | _] = Parts = string:split(Text, Pattern, all),
    unicode:characters_to_binary(lists:join(Replacement, Parts)).

replace_all(Text, Pattern, Replacement) ->
    unicode:characters_to_binary(string:replace(Text, Pattern, Replacement, all)).

links() ->
    {links, Links} = process_info(self(), links),
    Links.

%% Stops the processes that were linked since, and all names.
stop(Links) ->
    [ketama_test:stop(Pid) || Pid <- links() -- Links, is_pid(Pid)],
    [ok = ketama:stop(Name) || Name <- ketama:names()],
    ok.
