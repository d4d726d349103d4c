%% Calls every exported function with every kind of term as each argument, the other arguments being right: it must
%% return what its specification says or raise a documented error. First it is called with right arguments only.
-module(ketama_any_term_tests).

-include_lib("eunit/include/eunit.hrl").

-define(NAMES, [<<"a">>, <<"b">>]).
-define(KEY, <<"key">>).

ketama_test_() ->
    C = continuum(),
    Source = ["a", {"b", 2}],
    Keys = [?KEY, "string"],
    tests(ketama, [], [
        {new, [Source], fun is_made/1},
        {new, [Source, #{}], fun is_made/1},
        {without, [C, ["a"]], fun is_made/1},
        {getserver, [?KEY], fun is_server/1},
        {getserver, [C, ?KEY], fun is_server/1},
        {getserver, [C, ?KEY, #{except => ["a"]}], fun is_server/1},
        {getservers, [C, Keys], fun are_servers/1},
        {getservers, [C, Keys, #{except => ["a"]}], fun are_servers/1},
        {group, [C, Keys], fun are_groups/1},
        {group, [C, Keys, #{except => ["a"]}], fun are_groups/1},
        {replicas, [C, ?KEY, 2], fun are_servers/1},
        {start_link, [], fun is_started/1},
        {start_link, [Source], fun is_started/1},
        {start_link, [Source, #{}], fun is_started/1},
        {child_spec, [Source], fun is_child_spec/1},
        {child_spec, [Source, #{}], fun is_child_spec/1},
        {stop, [ketama], fun is_ok/1},
        {continuum, [ketama], fun is_reference/1},
        {previous, [ketama], fun is_previous/1},
        {names, [], fun are_atoms/1},
        {reload, [], fun is_no_watcher/1},
        {reload, [ketama], fun is_no_watcher/1},
        {servers, [C], fun are_weights/1},
        {points, [C], fun are_points/1},
        {hash, [?KEY], fun is_hash/1},
        {hash, [C, ?KEY], fun is_hash/1},
        {shares, [C], fun are_shares/1},
        {diff, [C, C], fun is_diff/1},
        {moved, [C, C, Keys], fun are_groups/1},
        {info, [C], fun is_info/1},
        {address, ["a:1"], fun is_address/1},
        {format_error, [no_servers], fun io_lib:printable_unicode_list/1}
    ]).

watcher_test_() ->
    Source = #{source => fun() -> {ok, ["a"]} end, interval => 60000},
    Callbacks = gen_server:behaviour_info(callbacks),
    tests(ketama_watcher, Callbacks, [
        {start_link, [Source], fun is_watcher/1},
        {child_spec, [Source], fun is_child_spec/1},
        {reload, [ketama], fun is_no_watcher/1}
    ]) ++ [
        {atom_to_list(Option), {timeout, 300, fun() ->
            with_default(fun() ->
                [call(ketama_watcher, start_link, [Options#{Option => Term}], fun is_watcher/1) || Term <- terms()]
            end)
        end}}
     || Option <- [
            source, servers_file, interval, timeout, name, before_change, after_change, dialect, hash, hash_tag,
            ketama_points
        ],
        Options <- [case Option of servers_file -> maps:remove(source, Source); _ -> Source end]
    ].

%% A private module, but no call of it may harm the VM.
nif_test_() ->
    C = continuum(),
    tests(ketama_nif, [], [
        {dialects, [], fun is_list/1},
        {limits, [], fun(Limits) -> lists:all(fun(Limit) -> Limit > 0 end, maps:values(Limits)) end},
        {check_options, [#{}], fun is_ok/1},
        {new, [["a", {"b", 2}], #{}, 2], fun is_made_or_warned/1},
        {parse, [<<"a\t1\n">>, #{}], fun is_made_or_warned/1},
        {without, [C, ["a"]], fun is_made_or_warned/1},
        {put, [ketama, C, <<>>, 0], fun is_ok/1},
        {forget, [ketama], fun is_ok/1},
        {names, [], fun are_atoms/1},
        {continuum, [ketama], fun is_reference/1},
        {previous, [ketama], fun is_previous/1},
        {history, [ketama], fun({Ring, Origin, Since}) -> is_reference(Ring) and is_binary(Origin) and is_integer(Since) end},
        {getserver, [C, ?KEY], fun is_server/1},
        {getservers, [C, [?KEY], [<<"a">>], 1, 3], fun(Result) -> Result =:= not_binaries orelse are_servers(Result) end},
        {group, [C, [?KEY], [?KEY], [<<"a">>], 1, 3], fun(Result) -> Result =:= not_binaries orelse are_groups(Result) end},
        {replicas, [C, ?KEY, 3, 2], fun are_servers/1},
        {hash, [?KEY, 3], fun is_hash/1},
        {hash, [C, ?KEY, 3], fun is_hash/1},
        {servers, [C], fun are_weights/1},
        {points, [C], fun are_points/1},
        {shares, [C], fun are_shares/1},
        {diff, [C, C], fun is_diff/1},
        {moved, [C, C], fun is_share/1},
        {info, [C], fun is_info/1}
    ]).

%% Makes a test of each row, {Function, RightArguments, IsResult}. The rows must be all that a module exports, except
%% Others.
tests(Module, Others, Rows) ->
    Exported = Module:module_info(exports) -- [{module_info, 0}, {module_info, 1} | Others],
    Tried = [{Function, length(Arguments)} || {Function, Arguments, _} <- Rows],
    [
        {atom_to_list(Module), ?_assertEqual(lists:sort(Exported), lists:sort(Tried))}
        | [
            {lists:concat([Function, "/", length(Right)]), {timeout, 300, fun() -> row(Module, Function, Right, Is) end}}
         || {Function, Right, Is} <- Rows
        ]
    ].

row(Module, Function, Right, Is) ->
    with_default(fun() ->
        ?assertEqual({right, true}, {right, Is(apply(Module, Function, Right))}),
        [
            call(Module, Function, lists:sublist(Right, Place - 1) ++ [Term | lists:nthtail(Place, Right)], Is)
         || Place <- lists:seq(1, length(Right)), Term <- terms()
        ]
    end).

call(Module, Function, Arguments, Is) ->
    try apply(Module, Function, Arguments) of
        Result -> Is(Result) orelse error({undocumented, Module, Function, brief(Arguments), brief(Result)})
    catch
        error:badarg -> ok;
        error:no_servers -> ok;
        error:{not_started, Name} when is_atom(Name) -> ok;
        Class:Reason -> error({Class, brief(Reason), Module, Function, brief(Arguments)})
    end.

%% Starts each test with a default continuum, and leaves no name behind.
with_default(Calls) ->
    process_flag(trap_exit, true),
    ignore = ketama:start_link(["a", {"b", 2}]),
    ketama_test:quietly(Calls),
    [ok = ketama:stop(Name) || Name <- ketama:names()].

brief(Term) ->
    lists:flatten(io_lib:format("~tP", [Term, 12])).

is_ok(Result) -> Result =:= ok.

is_made({ok, Ring}) -> is_reference(Ring);
is_made({error, Reason}) -> is_list(ketama:format_error(Reason)).

%% The result in the NIF's own form: an error's line without its file, and the warnings to log.
is_made_or_warned({ok, Ring, Warnings}) -> is_reference(Ring) and is_list(Warnings);
is_made_or_warned({error, {invalid_line, Line, Fault}}) -> is_made({error, {servers_file, "f", {line, Line, Fault}}});
is_made_or_warned(Result) -> is_made(Result).

is_started(Result) -> Result =:= ignore orelse is_made(Result).

is_watcher({ok, Watcher}) -> gen_server:stop(Watcher) =:= ok;
is_watcher({error, _} = Error) -> is_made(Error).

is_child_spec(#{id := _, start := {_, start_link, [_ | _]}}) -> true.

is_no_watcher(Result) -> Result =:= {error, no_watcher}.

is_previous(Result) -> Result =:= undefined orelse is_reference(Result).

is_server(Result) -> lists:member(Result, ?NAMES).

are_servers(Result) -> Result -- lists:append([?NAMES || _ <- Result]) =:= [].

are_groups(Result) -> is_map(Result) andalso are_servers(maps:keys(Result)).

are_atoms(Result) -> lists:all(fun is_atom/1, Result).

are_weights(Result) -> [<<"a">>, <<"b">>] =:= [Name || {Name, Weight, Points} <- Result, Weight > 0, Points > 0].

are_points(Result) -> lists:all(fun({Point, Server}) -> is_hash(Point) and is_server(Server) end, Result).

is_hash(Result) -> is_integer(Result) andalso Result >= 0 andalso Result < 1 bsl 32.

are_shares(Result) -> 1.0 == lists:sum([Share || {Server, Share} <- Result, is_server(Server)]).

is_diff({Moved, Moves}) -> is_share(Moved) and (Moved == lists:sum([Share || {_, _, Share} <- Moves])).

is_share(Result) -> is_float(Result) andalso Result >= 0 andalso Result =< 1.

is_info(Result) -> is_map(Result) andalso byte_size(maps:get(fingerprint, Result)) =:= 16.

is_address({_Host, Port}) -> is_integer(Port) andalso Port >= 0 andalso Port < 65536.

%% Terms of every kind.
terms() ->
    Binary = binary:copy(<<"0123456789">>, 100),
    <<_:3, Unaligned:64/bitstring, _/bits>> = Binary,
    [
        atom, undefined, true, '', 0, 1, -1, 1 bsl 32, 1 bsl 64, -(1 bsl 64), 1 bsl 5000, 0.0, -1.5e300,
        self(), hd(erlang:ports()), make_ref(), fun() -> ok end, fun lists:map/2,
        {}, {a}, {"a", 1}, list_to_tuple(lists:seq(1, 1000)), #{}, #{a => 1}, maps:from_list([{I, I} || I <- lists:seq(1, 100)]),
        [], [a], [0], [256], [-1], [1.0], "a", "key", [$a | $b], [<<"a">> | <<"b">>], [[[]]], ["a", a],
        [{"a", 1}], [{"a", 1} | a], [{"a", 1}, {"b", 0}], [{"a", 1 bsl 70}], [{a, 1}], [{"a", 1, 1}],
        lists:duplicate(5000, $k), lists:duplicate(2000, <<"key">>), deep(10000, []), deep(10000, <<"key">>),
        deep(10000, a), <<>>, <<"key">>, <<0>>, <<1:1>>, <<"key", 1:7>>, Binary, binary:part(Binary, 5, 8),
        Unaligned, binary:copy(<<"k">>, 100000),
        #{dialect => libmemcached}, #{dialect => other}, libmemcached, [{dialect, twemproxy}, {hash, crc16}],
        #{dialect => twemproxy, hash_tag => <<"{}">>}, [{hash, murmur}], #{except => ["a"]}, [{except, [<<"a">>, "b"]}],
        #{except => [a]},
        zlib:open(), atomics:new(1, []), ets:new(t, []), continuum(), elsewhere(continuum()),
        binary_to_term(term_to_binary(make_ref())),
        {servers_file, "f", {line, 1, zero_weight}}, {servers_file, "f", {line, a, b}}, {servers_file, a, b},
        {source, timeout}, {not_started, a}, fun() -> {ok, ["a"]} end, fun() -> {ok, a} end, fun() -> exit(a) end,
        fun(_, _, _) -> ok end, #{name => other}, #{name => undefined}, [{name, other}, {dialect, modula}], {servers_file, "f", enoent},
        {invalid_server, a}, {nif_not_loaded, a}, no_servers
    ].

deep(0, Term) -> Term;
deep(N, Term) -> deep(N - 1, [Term]).

continuum() ->
    {ok, Continuum} = ketama:new([{"a", 1}, {"b", 2}]),
    Continuum.

%% The reference that another node would get.
elsewhere(Continuum) ->
    Here = atom_to_binary(node()),
    There = binary:copy(<<"x">>, byte_size(Here)),
    binary_to_term(binary:replace(term_to_binary(Continuum), Here, There)).
