%% Every exported function with every kind of term in every place: a documented result or badarg.
-module(ketama_any_term_tests).

-include_lib("eunit/include/eunit.hrl").

ketama_test_() ->
    {timeout, 300, fun() ->
        ketama_test:quietly(fun() ->
            ignore = ketama:start_link([{"a", 1}]),
            [calls(ketama, F, A) || {F, A} <- ketama:module_info(exports), F =/= module_info],
            [ketama:stop(Name) || Name <- ketama:names()]
        end)
    end}.

%% init/1 and the others are gen_server's to call.
watcher_test_() ->
    {timeout, 300, fun() ->
        ketama_test:quietly(fun() ->
            process_flag(trap_exit, true),
            [calls(ketama_watcher, F, 1) || F <- [start_link, child_spec]],
            [call(ketama_watcher, start_link, [#{servers_file => Term}]) || Term <- terms()],
            [call(ketama_watcher, start_link, [#{servers_file => "f", K => Term}]) || K <- [interval, timeout, name, before_change, dialect, hash, hash_tag], Term <- terms()],
            [call(ketama_watcher, start_link, [#{source => Term, interval => 60000}]) || Term <- terms()],
            [ketama:stop(Name) || Name <- ketama:names()]
        end)
    end}.

%% These are no one's to call, but must not harm the VM either.
nif_test_() ->
    {timeout, 300, fun() ->
        ok = ketama_nif:put(a, continuum(), <<>>, 0),
        [calls(ketama_nif, F, A) || {F, A} <- ketama_nif:module_info(exports), F =/= module_info],
        [ok = ketama_nif:forget(Name) || Name <- ketama_nif:names()]
    end}.

calls(Module, Function, Arity) ->
    [call(Module, Function, Arguments) || Arguments <- arguments(Arity, terms())].

%% All of them up to two arguments; of more, a random sample of the same size, a third of which is right.
arguments(0, _Terms) ->
    [[]];
arguments(1, Terms) ->
    [[Term] || Term <- Terms];
arguments(2, Terms) ->
    [[One, Other] || One <- Terms, Other <- Terms];
arguments(Arity, Terms) ->
    rand:seed(exsss, Arity),
    Right = [continuum(), 0, 1, <<"key">>, [<<"key">>], []],
    Pick = fun() ->
        From = lists:nth(rand:uniform(3), [Terms, Terms, Right]),
        lists:nth(rand:uniform(length(From)), From)
    end,
    [[Pick() || _ <- lists:seq(1, Arity)] || _ <- Terms, _ <- Terms].

call(Module, Function, Arguments) ->
    try apply(Module, Function, Arguments) of
        Result ->
            documented(Module, Function, length(Arguments), Result) orelse
                error({undocumented, Module, Function, short(Arguments), short(Result)})
    catch
        error:badarg -> ok;
        error:no_servers -> ok;
        error:{not_started, Name} when is_atom(Name) -> ok;
        Class:Reason -> error({Class, short(Reason), Module, Function, short(Arguments)})
    end.

short(Term) ->
    lists:flatten(io_lib:format("~tP", [Term, 12])).

documented(ketama, new, _, Result) ->
    case Result of
        {ok, Continuum} -> is_reference(Continuum);
        {error, Reason} -> is_list(ketama:format_error(Reason))
    end;
documented(ketama, without, _, Result) ->
    documented(ketama, new, 2, Result);
documented(ketama, start_link, _, Result) ->
    Result =:= ignore orelse is_list(ketama:format_error(element(2, Result)));
documented(ketama, getserver, _, Result) -> is_binary(Result);
documented(ketama, getservers, _, Result) -> lists:all(fun is_binary/1, Result);
documented(ketama, group, _, Result) -> lists:all(fun is_binary/1, maps:keys(Result));
documented(ketama, replicas, _, Result) -> lists:all(fun is_binary/1, Result);
documented(ketama, hash, _, Result) -> Result >= 0 andalso Result < 1 bsl 32;
documented(ketama, servers, _, Result) -> [] =:= [R || R <- Result, tuple_size(R) =/= 3];
documented(ketama, points, _, Result) -> [] =:= [R || R <- Result, tuple_size(R) =/= 2];
documented(ketama, shares, _, Result) -> 1.0 == lists:sum([Share || {_, Share} <- Result]);
documented(ketama, diff, _, {Moved, Moves}) -> is_float(Moved) andalso is_list(Moves);
documented(ketama, reload, _, Result) -> Result =:= {error, no_watcher};
documented(ketama, stop, _, Result) -> Result =:= ok;
documented(ketama, names, _, Result) -> lists:all(fun is_atom/1, Result);
documented(ketama, continuum, _, Result) -> is_reference(Result);
documented(ketama, previous, _, Result) -> Result =:= undefined orelse is_reference(Result);
documented(ketama, moved, _, Result) -> lists:all(fun is_binary/1, maps:keys(Result));
documented(ketama, info, _, #{fingerprint := <<_:128>>}) -> true;
documented(ketama, address, _, {_Host, Port}) -> Port >= 0 andalso Port < 65536;
documented(ketama, format_error, _, Result) -> io_lib:printable_unicode_list(Result);
documented(ketama, child_spec, _, #{id := _}) -> true;
documented(ketama_watcher, start_link, _, {ok, Pid}) -> gen_server:stop(Pid) =:= ok;
documented(ketama_watcher, start_link, _, {error, Reason}) -> is_list(ketama:format_error(Reason));
documented(ketama_watcher, child_spec, _, #{id := _}) -> true;
documented(ketama_nif, _, _, _) -> true;
documented(_, _, _, _) -> false.

%% One or more of each kind. The long and deep ones are no deeper than the suite's time allows.
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

%% What another node would get.
elsewhere(Continuum) ->
    Here = atom_to_binary(node()),
    There = binary:copy(<<"x">>, byte_size(Here)),
    binary_to_term(binary:replace(term_to_binary(Continuum), Here, There)).
