%% The Erlang of the guides runs, block after block, each with what the ones before have bound.
-module(ketama_guide_tests).

-include_lib("eunit/include/eunit.hrl").

sharing_a_pool_test_() ->
    {timeout, 300, fun sharing_a_pool/0}.

sharing_a_pool() ->
    {ok, _} = application:ensure_all_started(crypto),
    Blocks = blocks("sharing-a-pool.md"),
    ?assert(length(Blocks) >= 10),
    Bindings = lists:foldl(fun run/2, erl_eval:new_bindings(), Blocks),
    ?assertEqual([<<"10.0.0.2:11211">>], [Name || {'Down', [Name]} <- Bindings]),
    [Moved] = [Moved || {'Moved', Moved} <- Bindings],
    ?assert(abs(Moved - 0.75) < 0.001),
    [Next] = [Next || {'Next', Next} <- Bindings],
    ?assertNotEqual(<<"10.0.0.2:11211">>, Next).

operations_test_() ->
    {timeout, 300, fun() -> ketama_test:quietly(fun() -> ketama_test:in_folder(fun operations/1) end) end}.

operations(Folder) ->
    ok = write(Folder, "sessions", ["10.0.0.1:11211\t1\n", "10.0.0.2:11211\t1\n"]),
    ok = write(Folder, "pages", ["10.0.0.1:11211\t1\n"]),
    {NameServer, Port} = name_server(),
    Nameservers = io_lib:format("[{nameservers, [{{127,0,0,1}, ~b}]}]", [Port]),
    [Init, Lookups, Dns, Callbacks, Before, Which, Mero] = blocks("operations.md"),

    {ok, Supervisor} = supervise(replace(Init, "/etc/ketama", Folder)),
    Named = run(Lookups, erl_eval:new_bindings()),
    ?assertEqual(bound('Server', Named), ketama:getserver(ketama:continuum(sessions), "user:123")),
    ?assertEqual(#{<<"10.0.0.1:11211">> => [<<"/index.html">>, <<"/about.html">>]}, bound('Plan', Named)),

    Records = [{0, 60, 11211, "cache1.example.com"}, {0, 0, 11212, "cache2.example.com"}],
    NameServer ! {records, lists:reverse(Records)},
    Resolved = run(replace(Dns, "in, srv)", ["in, srv, ", Nameservers, ")"]), Named),
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

    Told = run(Callbacks, Resolved),
    Images = ketama:continuum(images),
    Opened = ketama:servers(Images),
    ?assertEqual([{open, images, Opened}, {close, images, undefined, Images}], [received(), received()]),

    Old = ketama:continuum(sessions),
    ok = write(Folder, "sessions", ["10.0.0.1:11211\t1\n", "10.0.0.3:11211\t1\n"]),
    Changed = run(Before, Told),
    ?assert(bound('Moved', Changed) >= 0.5),
    #{<<"10.0.0.2:11211">> := Keys} = bound('Former', Changed),
    Missing = bound('Missing', Changed),
    ?assertEqual(maps:get(<<"10.0.0.2:11211">>, ketama:group(Old, Missing)), Keys),

    Compared = run(Which, Changed),
    #{fingerprint := Fingerprint} = ketama:info(ketama:continuum(sessions)),
    ?assertEqual(Fingerprint, bound('Fingerprint', Compared)),

    %% Without mero itself: what its server list is made of.
    Functions = string:split(string:replace(Mero, "?MODULE", "ketama_guide_cache", all), "\n\n", all),
    {module, Cache} = load(ketama_guide_cache, Functions),
    ?assertEqual({ok, [{"10.0.0.1", 11211}, {"10.0.0.3", 11211}]}, Cache:servers()),

    true = unlink(Supervisor),
    ok = gen_server:stop(Supervisor),
    [ok = gen_server:stop(bound(Watcher, Compared)) || Watcher <- ['Carts', 'Images']],
    [ok = ketama:stop(Name) || Name <- [sessions, pages, carts, images]],
    NameServer ! stop.

write(Folder, Pool, Lines) ->
    file:write_file(filename:join(Folder, Pool ++ ".servers"), Lines).

%% The guide's own is replaced by the test's, wherever it stands.
replace(Block, Pattern, Replacement) ->
    [_, _ | _] = Parts = string:split(Block, Pattern, all),
    unicode:characters_to_binary(lists:join(Replacement, Parts)).

weights(Ring) ->
    [{Name, Weight} || {Name, Weight, _Points} <- ketama:servers(Ring)].

received() ->
    receive
        {open, _, _} = Open -> Open;
        {close, _, _, _} = Close -> Close
    end.

%% Starts a supervisor with this init/1.
supervise(Init) ->
    {module, Module} = load(ketama_guide_supervisor, [Init]),
    supervisor:start_link(Module, []).

%% Loads a module of these functions.
load(Name, Functions) ->
    Texts = [io_lib:format("-module(~s).", [Name]) | Functions],
    Forms = [
        begin
            {ok, Tokens, _} = erl_scan:string(unicode:characters_to_list(Text)),
            {ok, Form} = erl_parse:parse_form(Tokens),
            Form
        end
     || Text <- Texts
    ],
    {ok, Name, Code} = compile:forms(Forms, [export_all, nowarn_export_all]),
    code:load_binary(Name, "", Code).

%% A name server on loopback. It answers every question with the records that it was given last.
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
            answer(Socket, Records);
        stop ->
            ok
    end.

bound(Name, Bindings) ->
    {value, Value} = erl_eval:binding(Name, Bindings),
    Value.

run(Block, Bindings) ->
    {ok, Tokens, _} = erl_scan:string(unicode:characters_to_list(Block)),
    {ok, Expressions} = erl_parse:parse_exprs(Tokens),
    case string:find(Block, "gen_tcp:") of
        nomatch ->
            {value, _, More} = erl_eval:exprs(Expressions, Bindings),
            More;
        %% Without servers to ask, the key is where it should be.
        _ ->
            {'C', C} = lists:keyfind('C', 1, Bindings),
            erl_eval:add_binding('Found', ketama:getserver(C, <<"ketama:check">>), Bindings)
    end.

blocks(Guide) ->
    Path = filename:join([filename:dirname(?FILE), "..", "guides", Guide]),
    {ok, Text} = file:read_file(Path),
    {match, Blocks} = re:run(Text, "```erlang\n(.*?)\n```", [global, dotall, {capture, all_but_first, binary}]),
    [Block || [Block] <- Blocks].
