%% The dialects: who owns a shared point, what weights and hash tags do, and the types that name them.
-module(ketama_dialect_tests).

-include_lib("eunit/include/eunit.hrl").

%% If two servers have the same points, spymemcached finds the later one and the others the earlier.
equal_points_test_() ->
    Servers = [{"10.0.0.1", 1}, {"10.0.0.1:11211", 1}],
    [
        ?_assertEqual({Dialect, [Owner]}, {Dialect, owners(Servers, Dialect)})
     || {Dialect, Owner} <- [
            {libmemcached, <<"10.0.0.1">>},
            {libmemcached_consistent, <<"10.0.0.1">>},
            {twemproxy, <<"10.0.0.1">>}
        ]
    ] ++ [
        ?_assertEqual([<<"/10.0.0.1:1">>], owners([{"10.0.0.1:1", 1}, {"/10.0.0.1:1", 1}], spymemcached))
    ].

owners(Servers, Dialect) ->
    {ok, Continuum} = ketama:new(Servers, #{dialect => Dialect}),
    lists:usort(ketama:getservers(Continuum, [integer_to_binary(I) || I <- lists:seq(1, 100)])).

%% libmemcached's plain ring ignores weights; modula gives a server as many points as its weight.
weights_test() ->
    Points = fun(Dialect) ->
        {ok, Continuum} = ketama:new([{"a", 1}, {"b", 5}], #{dialect => Dialect}),
        [Count || {_, _, Count} <- ketama:servers(Continuum)]
    end,
    ?assertEqual([100, 100], Points(libmemcached_consistent)),
    ?assertEqual([1, 5], Points(modula)),
    ?assertEqual([52, 264], Points(twemproxy)).

hash_tags_test_() ->
    {ok, Tagged} = ketama:new([{"a", 1}, {"b", 1}], #{dialect => twemproxy, hash_tag => <<"{}">>}),
    {ok, Same} = ketama:new([{"a", 1}, {"b", 1}], #{dialect => twemproxy, hash_tag => <<"$$">>}),
    {ok, Plain} = ketama:new([{"a", 1}, {"b", 1}], #{dialect => twemproxy}),
    [
        [
            ?_assertEqual({Key, ketama:hash(Plain, Part)}, {Key, ketama:hash(Ring, Key)}),
            ?_assertEqual(ketama:getserver(Plain, Part), ketama:getserver(Ring, Key)),
            ?_assertEqual(ketama:getservers(Plain, [Part]), ketama:getservers(Ring, [Key]))
        ]
     || {Ring, Key, Part} <- [
            {Tagged, "user:{123}:name", "123"},
            {Tagged, "{123}", "123"},
            {Tagged, "a}{b}{c}", "b"},
            {Tagged, "a{{b}", "{b"},
            {Tagged, "a{}{b}", "a{}{b}"},
            {Tagged, "a{b", "a{b"},
            {Tagged, "", ""},
            {Same, "a$b$c$", "b"},
            {Same, "a$$b$", "a$$b$"}
        ]
    ].

%% The types list exactly the dialects and hashes of the library's table.
types_test() ->
    Types = fun(Name) ->
        Beam = filename:join(ketama_test:ebin(), "ketama"),
        {ok, {ketama, [{abstract_code, {_, Forms}}]}} = beam_lib:chunks(Beam, [abstract_code]),
        [Union] = [Members || {attribute, _, type, {N, {type, _, union, Members}, []}} <- Forms, N =:= Name],
        lists:sort([Atom || {atom, _, Atom} <- Union])
    end,
    Table = ketama_nif:dialects(),
    ?assertEqual(lists:sort([Dialect || {Dialect, _} <- Table]), Types(dialect)),
    ?assertEqual(lists:usort(lists:append([Hashes || {_, Hashes} <- Table])), Types(hash_name)).
