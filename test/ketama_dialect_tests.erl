%% The clients: their rings, their key hashes, their hash tags, and the options that name them.
-module(ketama_dialect_tests).

-include_lib("eunit/include/eunit.hrl").

%% The answers of libmemcached itself, an earlier collection.
libmemcached_vectors_test_() ->
    Vectors = ketama_test:vectors("libmemcached"),
    [?_assertEqual(7, length(Vectors)) | [{Name, fun() -> vector(Name) end} || Name <- Vectors]].

vector(Name) ->
    {ok, Continuum} = ketama:new(
        ketama_test:data("libmemcached", Name ++ ".servers"), #{dialect => libmemcached}
    ),
    Answers = [
        <<Key/binary, $\t, (ketama:getserver(Continuum, Key))/binary>>
     || Key <- ketama_test:lines(ketama_test:data("libmemcached", "keys.txt"))
    ],
    ?assertEqual(ketama_test:lines(ketama_test:data("libmemcached", Name ++ ".expected")), Answers).

%% Every hash of every dialect, with random servers and keys. The seed of a ring is its number; a
%% failure prints it.
oracle_test_() ->
    [
        {timeout, 300, {atom_to_list(Dialect), fun() -> [oracle(Seed, Dialect, Hashes) || Seed <- lists:seq(1, 40)] end}}
     || {Dialect, Hashes} <- ketama_nif:dialects()
    ].

oracle(Seed, Dialect, Hashes) ->
    rand:seed(exsss, Seed),
    Servers = servers(Dialect, Seed rem 2),
    Hash = lists:nth(1 + Seed rem length(Hashes), Hashes),
    Tag = [{hash_tag, rand_element([<<"{}">>, <<"kk">>])} || Dialect =:= twemproxy, Seed rem 3 =:= 0],
    Points = [{ketama_points, rand:uniform(200)} || Dialect =:= cache_memcached_fast, Seed rem 3 > 0],
    Options = maps:from_list([{dialect, Dialect}, {hash, Hash} | Tag ++ Points]),
    {ok, Continuum} = ketama_test:quietly(fun() -> ketama:new(Servers, Options) end),
    Oracle = ketama_oracle:new(Servers, Options),
    ?assertEqual({Seed, Options, ketama_oracle:points(Oracle)}, {Seed, Options, ketama:points(Continuum)}),
    Keys = [key() || _ <- lists:seq(1, 100)],
    Expected = [ketama_oracle:getserver(Oracle, Key) || Key <- Keys],
    ?assertEqual({Seed, Options, Expected}, {Seed, Options, ketama:getservers(Continuum, Keys)}),
    ?assertEqual({Seed, Options, Expected}, {Seed, Options, [ketama:getserver(Continuum, Key) || Key <- Keys]}),
    Hashed = [ketama_oracle:hash(Oracle, Key) || Key <- Keys],
    ?assertEqual({Seed, Options, Hashed}, {Seed, Options, [ketama:hash(Continuum, Key) || Key <- Keys]}).

%% Random bytes, and now and then the bytes of tags.
key() ->
    case rand:uniform(3) of
        1 -> << <<(rand_element("{}k"))>> || _ <- lists:seq(1, rand:uniform(20)) >>;
        2 -> iolist_to_binary([rand:bytes(rand:uniform(9) - 1), "{", rand:bytes(rand:uniform(30) - 1), "}"]);
        3 -> rand:bytes(rand:uniform(400))
    end.

rand_element(List) ->
    lists:nth(rand:uniform(length(List)), List).

servers(Dialect, Skewed) ->
    %% Of some a weight is a number of points.
    Points = [modula, nginx, cache_memcached_fast, pecl_memcache, xmemcached],
    Heaviest = case lists:member(Dialect, Points) of true -> 3; false -> 1000 end,
    [
        {
            iolist_to_binary(io_lib:format("~s10.0.~b.~b:~b", [Slash, I div 100, I rem 100, Port])),
            1 + Skewed * rand:uniform(Heaviest)
        }
     || I <- lists:seq(1, rand:uniform(130)),
        Port <- [rand_element([11211, 11212])],
        Slash <- [rand_element(["", "/"])]
    ].

%% Of two servers with the same points, spymemcached finds the later one, the others the earlier.
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

%% libmemcached's plain ring ignores weights; modula counts them.
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

%% The types name what the table has.
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

%% Options.

-define(SERVERS, [{"10.0.0.1:11211", 1}, {"10.0.0.2:11211", 2}]).

defaults_test_() ->
    [
        ?_assertEqual({Dialect, mapping(#{dialect => Dialect, hash => Hash})}, {Dialect, mapping(#{dialect => Dialect})})
     || {Dialect, [Hash | _]} <- ketama_nif:dialects()
    ] ++ [
        ?_assertEqual(
            [{libketama, md5}, {libmemcached, md5}, {libmemcached_consistent, one_at_a_time},
             {twemproxy, fnv1a_64}, {spymemcached, md5}, {dalli, crc32}, {hashring, md5},
             {node_memcached, md5}, {pecl_memcache, crc32}, {nginx, crc32},
             {cache_memcached_fast, crc32}, {xmemcached, md5}, {uhashring, md5}, {enyim, md5},
             {enyim_default, fnv0a_32_unsigned}, {enyim_core, fnv1a_32_unsigned},
             {folsom, murmur3}, {modula, one_at_a_time}],
            [{Dialect, Hash} || {Dialect, [Hash | _]} <- ketama_nif:dialects()]
        ),
        ?_assertEqual(mapping(#{dialect => libketama}), mapping(#{})),
        ?_assertEqual(mapping(#{}), mapping([])),
        ?_assertNotEqual(mapping(#{}), mapping(#{dialect => libmemcached}))
    ].

a_map_and_a_list_are_the_same_test_() ->
    [
        ?_assertEqual(mapping(maps:from_list(Options)), mapping(Options))
     || Options <- [
            [{dialect, libmemcached}],
            [{hash, crc32}, {dialect, twemproxy}],
            [{hash_tag, <<"{}">>}, {hash, murmur}, {dialect, twemproxy}]
        ]
    ].

mapping(Options) ->
    {ok, Continuum} = ketama:new(?SERVERS, Options),
    {ketama:points(Continuum), ketama:getservers(Continuum, keys())}.

keys() ->
    ["user:{" ++ integer_to_list(I) ++ "}" || I <- lists:seq(1, 100)].

%% What Elixir makes of `:ketama.start_link(servers, dialect: :libmemcached)' is no path.
start_link_takes_options_test_() ->
    Options = [{dialect, libmemcached}, {hash, murmur}],
    {ok, Continuum} = ketama:new(?SERVERS, Options),
    Expected = ketama:getservers(Continuum, keys()),
    Started = fun(Start) ->
        ignore = ketama:start_link([{"other", 1}]),
        ignore = Start(),
        [ketama:getserver(Key) || Key <- keys()]
    end,
    Child = fun(#{id := ketama, start := {Module, Function, Arguments}}) ->
        fun() -> apply(Module, Function, Arguments) end
    end,
    [
        ?_assertEqual(Expected, Started(fun() -> ketama:start_link(?SERVERS, Options) end)),
        ?_assertEqual(Expected, Started(fun() -> ketama:start_link(?SERVERS, maps:from_list(Options)) end)),
        ?_assertEqual(Expected, Started(Child(ketama:child_spec(?SERVERS, Options)))),
        ?_assertEqual(Expected, Started(Child(ketama:child_spec({?SERVERS, Options}))))
    ].

%% The old driver's path is a string or a binary, and nothing else.
start_link_ignores_a_path_test_() ->
    {ok, Continuum} = ketama:new(?SERVERS),
    Expected = ketama:getservers(Continuum, keys()),
    [
        fun() ->
            ignore = ketama:start_link([{"other", 1}]),
            ignore = ketama:start_link(?SERVERS, Path),
            ?assertEqual(Expected, [ketama:getserver(Key) || Key <- keys()])
        end
     || Path <- ["/usr/bin/ketama_erlang_driver", <<"/usr/bin/ketama_erlang_driver">>, "", <<>>]
    ] ++ [
        ?_assertError(badarg, ketama:start_link(?SERVERS, Path))
     || Path <- [undefined, 1, ["/usr", "/bin"], {a, b}, self()]
    ].

no_options_test_() ->
    Options = [
        #{dialect => memcached},
        #{dialect => "libketama"},
        #{dialect => 'дialect'},
        #{dialekt => libketama},
        #{dialect => libketama, other => 1},
        #{hash => crc32},
        #{hash_tag => <<"{}">>},
        #{dialect => spymemcached, hash => murmur},
        #{dialect => libmemcached, hash => crc32},
        #{dialect => libmemcached_consistent, hash => hsieh},
        #{dialect => libmemcached, hash_tag => <<"{}">>},
        #{dialect => modula, hash_tag => <<"{}">>},
        #{dialect => twemproxy, hash => sha1},
        #{dialect => twemproxy, hash => <<"md5">>},
        #{dialect => twemproxy, hash_tag => "{}"},
        #{dialect => twemproxy, hash_tag => <<"{">>},
        #{dialect => twemproxy, hash_tag => <<"{}}">>},
        #{dialect => twemproxy, hash_tag => <<1:15>>},
        #{ketama_points => 150},
        #{dialect => nginx, ketama_points => 160},
        #{dialect => cache_memcached_fast, ketama_points => 0},
        #{dialect => cache_memcached_fast, ketama_points => -1},
        #{dialect => cache_memcached_fast, ketama_points => 1.0},
        #{dialect => cache_memcached_fast, ketama_points => 1 bsl 32},
        #{dialect => pecl_memcache, hash => md5},
        #{dialect => dalli, hash => md5},
        [{dialect, libketama}, {dialect, libketama}],
        [{dialect, libketama}, {dialect, twemproxy}],
        [dialect],
        [{dialect, libketama, 1}],
        [{dialect, libketama} | tail],
        libketama,
        {dialect, libketama}
    ],
    [
        [
            ?_assertError(badarg, ketama:new(?SERVERS, O)),
            ?_assertError(badarg, ketama:new("/nowhere", O)),
            ?_assertError(badarg, ketama:start_link(?SERVERS, O))
        ]
     || O <- Options
    ].

%% A ring that the client itself cannot have is made, and warned of once.

beyond_the_client_test_() ->
    Many = [{"10.0.0." ++ integer_to_list(I), 1} || I <- lists:seq(1, 101)],
    Heavy = [{"a", 1 bsl 30}, {"b", 1 bsl 30}],
    Long = [{lists:duplicate(83, $n), 1}, {"a", 1}],
    [
        fun() ->
            Logged = ketama_test:logged(warning, fun() -> {ok, _} = ketama:new(Servers, #{dialect => Dialect}) end),
            ?assertEqual({Dialect, length(Parts)}, {Dialect, length(Logged)}),
            [?assertNotEqual(nomatch, string:find(Text, Part)) || {{warning, Text}, Part} <- lists:zip(Logged, Parts)]
        end
     || {Servers, Dialect, Parts} <- [
            {Many, libmemcached, ["more than 100 servers, the most that libmemcached takes"]},
            {Many, libmemcached_consistent, ["more than 100 servers, the most that libmemcached_consistent takes"]},
            {Heavy, libmemcached_consistent, []},
            {Many, twemproxy, []},
            {tl(Many), libmemcached, []},
            {Heavy, libmemcached, ["more than 2147483647"]},
            {Heavy, twemproxy, ["more than 2147483647"]},
            {Heavy, libketama, []},
            {Long, twemproxy, ["Shorten nnnnnn"]},
            {Long, libmemcached, []},
            {[{lists:duplicate(83, $n), 1 bsl 30} | Heavy], twemproxy, ["more than 2147483647", "Shorten nnnnnn"]}
        ]
    ].

%% A weight that asks for more points than there may be is refused before it takes the memory.
weights_of_modula_are_limited_test_() ->
    [
        ?_assertEqual({error, system_limit}, ketama:new([{"a", 1}, {"b", Weight}], #{dialect => modula}))
     || Weight <- [1 bsl 27, 1 bsl 32, (1 bsl 63) - 1]
    ].
