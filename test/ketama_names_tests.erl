%% Continua with names: every function that takes a continuum takes its name.
-module(ketama_names_tests).

-include_lib("eunit/include/eunit.hrl").

-define(ONE, [{"a", 1}, {"b", 2}]).
-define(OTHER, [{"b", 1}, {"c", 2}]).

names_test_() ->
    ketama_test:each(
        [
            {as_the_continuum, fun as_the_continuum/0},
            {replaced, fun replaced/0},
            {one_before, fun one_before/0},
            {stopped, fun stopped/0},
            {names_of_any_kind, fun names_of_any_kind/0},
            {the_default_is_a_name, fun the_default_is_a_name/0},
            {a_thousand_names, fun a_thousand_names/0},
            {a_failed_call_leaves_the_old_one, fun a_failed_call_leaves_the_old_one/0},
            {in_a_supervisor, fun in_a_supervisor/0},
            {keys_that_moved, fun keys_that_moved/0},
            {source_and_since, fun source_and_since/0},
            {under_replacement, fun under_replacement/0}
        ],
        fun(Test) -> Test() end
    ).

as_the_continuum() ->
    ignore = ketama:start_link(?ONE, #{name => pool, dialect => twemproxy}),
    {ok, C} = ketama:new(?ONE, #{dialect => twemproxy}),
    {ok, Other} = ketama:new(?OTHER, #{dialect => twemproxy}),
    Keys = keys(),
    Long = binary:copy(<<"k">>, 10000),
    [
        ?assertEqual(Call(C), Call(pool))
     || Call <- [
            fun(R) -> [ketama:getserver(R, Key) || Key <- [Long, "string" | Keys]] end,
            fun(R) -> ketama:getserver(R, "k", #{except => ["a"]}) end,
            fun(R) -> ketama:getservers(R, Keys) end,
            fun(R) -> ketama:getservers(R, ["string", Long | Keys], [{except, ["b"]}]) end,
            fun(R) -> ketama:group(R, Keys) end,
            fun(R) -> ketama:group(R, Keys, #{except => ["b"]}) end,
            fun(R) -> ketama:replicas(R, "k", 2) end,
            fun(R) -> {ok, Rest} = ketama:without(R, ["a"]), ketama:servers(Rest) end,
            fun ketama:servers/1,
            fun ketama:points/1,
            fun ketama:shares/1,
            fun(R) -> ketama:hash(R, "k") end,
            fun(R) -> {ketama:diff(R, Other), ketama:diff(Other, R)} end,
            fun(R) -> {ketama:moved(R, Other, Keys), ketama:moved(Other, R, Keys)} end,
            fun(R) -> maps:without([source, since], ketama:info(R)) end
        ]
    ],
    ?assertError({not_started, ketama}, ketama:getserver("k")).

replaced() ->
    ignore = ketama:start_link(?ONE, #{name => pool}),
    One = ketama:continuum(pool),
    ?assert(One =:= ketama:continuum(pool)),
    ?assert(One =:= element(2, {pool, ketama:continuum(pool)})),
    ignore = ketama:start_link(?ONE, #{name => pool}),
    ?assert(One =/= ketama:continuum(pool)),
    ?assertEqual(ketama:points(One), ketama:points(pool)).

one_before() ->
    ?assertError({not_started, pool}, ketama:previous(pool)),
    ignore = ketama:start_link(?ONE, #{name => pool}),
    ?assertEqual(undefined, ketama:previous(pool)),
    One = ketama:continuum(pool),
    ignore = ketama:start_link(?OTHER, #{name => pool}),
    ?assert(One =:= ketama:previous(pool)),
    Other = ketama:continuum(pool),
    ignore = ketama:start_link(?ONE, #{name => pool}),
    ?assert(Other =:= ketama:previous(pool)),
    ok = ketama:stop(pool),
    ignore = ketama:start_link(?ONE, #{name => pool}),
    ?assertEqual(undefined, ketama:previous(pool)).

stopped() ->
    ignore = ketama:start_link(?ONE, #{name => pool}),
    C = ketama:continuum(pool),
    Server = ketama:getserver(pool, "k"),
    ok = ketama:stop(pool),
    ?assertEqual([], ketama:names()),
    [
        ?assertError({not_started, pool}, Call())
     || Call <- [
            fun() -> ketama:getserver(pool, "k") end,
            fun() -> ketama:getserver(pool, binary:copy(<<"k">>, 10000)) end,
            fun() -> ketama:getservers(pool, ["k"]) end,
            fun() -> ketama:group(pool, []) end,
            fun() -> ketama:replicas(pool, "k", 1) end,
            fun() -> ketama:servers(pool) end,
            fun() -> ketama:diff(C, pool) end,
            fun() -> ketama:moved(undefined, pool, []) end,
            fun() -> ketama:hash(pool, "k") end,
            fun() -> ketama:without(pool, []) end,
            fun() -> ketama:info(pool) end,
            fun() -> ketama:continuum(pool) end,
            fun() -> ketama:previous(pool) end
        ]
    ],
    ok = ketama:stop(pool),
    ok = ketama:stop(a_name_that_was_never_used),
    ?assertEqual(Server, ketama:getserver(C, "k")).

names_of_any_kind() ->
    Names = ['', true, 'with space', 'ключ', list_to_atom(lists:duplicate(200, $n))],
    [ignore = ketama:start_link(?ONE, #{name => Name}) || Name <- Names],
    ?assertEqual(lists:sort(Names), lists:sort(ketama:names())),
    [?assertEqual(<<"b">>, ketama:getserver(Name, "k", #{except => ["a"]})) || Name <- Names],
    [
        ?assertError(badarg, ketama:start_link(?ONE, #{name => Name}))
     || Name <- [undefined, "pool", <<"pool">>, 1, self(), list_to_atom(lists:duplicate(201, $n))]
    ].

the_default_is_a_name() ->
    ignore = ketama:start_link(?ONE),
    ?assertEqual([ketama], ketama:names()),
    ?assertEqual([ketama:getserver(Key) || Key <- keys()], ketama:getservers(ketama, keys())),
    ignore = ketama:start_link(?OTHER, [{name, ketama}]),
    ?assertEqual([<<"b">>, <<"c">>], lists:usort([ketama:getserver(Key) || Key <- keys()])).

a_thousand_names() ->
    Names = [list_to_atom("pool" ++ integer_to_list(I)) || I <- lists:seq(1, 1200)],
    [ignore = ketama:start_link([atom_to_list(Name)], #{name => Name}) || Name <- Names],
    [?assertEqual(atom_to_binary(Name), ketama:getserver(Name, "k")) || Name <- Names],
    ?assertEqual(lists:sort(Names), lists:sort(ketama:names())),
    {Half, Others} = lists:split(600, Names),
    [ok = ketama:stop(Name) || Name <- Half],
    ?assertEqual(lists:sort(Others), lists:sort(ketama:names())),
    [?assertError({not_started, Name}, ketama:getserver(Name, "k")) || Name <- Half],
    [?assertEqual(atom_to_binary(Name), ketama:getserver(Name, "k")) || Name <- Others].

a_failed_call_leaves_the_old_one() ->
    ignore = ketama:start_link(?ONE, #{name => pool}),
    C = ketama:continuum(pool),
    {error, no_servers} = ketama:start_link([], #{name => pool}),
    {error, {servers_file, "/nowhere", enoent}} = ketama:start_link("/nowhere", #{name => pool}),
    ?assertError(badarg, ketama:start_link(?ONE, #{name => pool, hash => other})),
    ?assert(C =:= ketama:continuum(pool)).

in_a_supervisor() ->
    Specs = [
        ketama:child_spec(?ONE),
        ketama:child_spec({?ONE, #{name => sessions}}),
        ketama:child_spec(?OTHER, [{name, pages}, {dialect, modula}])
    ],
    {ok, Supervisor} = supervisor:start_link(ketama_test, Specs),
    ?assertEqual([ketama, pages, sessions], lists:sort(ketama:names())),
    ?assertEqual(
        [ketama, {ketama, pages}, {ketama, sessions}],
        lists:sort([Id || {Id, undefined, worker, _} <- supervisor:which_children(Supervisor)])
    ),
    ketama_test:stop(Supervisor).

keys_that_moved() ->
    ignore = ketama:start_link(?ONE, #{name => pool}),
    ?assertEqual(#{}, ketama:moved(ketama:previous(pool), pool, keys())),
    ignore = ketama:start_link(?OTHER, #{name => pool}),
    Former = ketama:previous(pool),
    Expected = [
        {ketama:getserver(Former, Key), Key}
     || Key <- keys(), ketama:getserver(Former, Key) =/= ketama:getserver(pool, Key)
    ],
    Moved = ketama:moved(Former, pool, keys()),
    ?assertEqual(lists:sort(Expected), lists:sort([{S, Key} || {S, Keys} <- maps:to_list(Moved), Key <- Keys])),
    %% The keys as given, and in the given order.
    [?assertEqual([Key || Key <- keys(), lists:member(Key, Keys)], Keys) || Keys <- maps:values(Moved)],
    [Key | _] = maps:get(<<"a">>, Moved),
    ?assertEqual(#{<<"a">> => [binary_to_list(Key)]}, ketama:moved(Former, pool, [binary_to_list(Key)])),
    ?assertEqual(#{}, ketama:moved(pool, pool, keys())).

source_and_since() ->
    File = ketama_test:data("lastfm-eight.servers"),
    Before = erlang:system_time(),
    ignore = ketama:start_link(File, #{name => file}),
    ignore = ketama:start_link(?ONE, #{name => list}),
    #{source := File, since := Since} = ketama:info(file),
    ?assert(Before =< Since),
    ?assert(Since =< erlang:system_time()),
    ?assertMatch(#{source := list}, ketama:info(list)),
    ?assertNot(maps:is_key(source, ketama:info(ketama:continuum(file)))).

%% Readers of a name see one ring or the other while it is replaced and listed.
under_replacement() ->
    Expected = [
        begin
            {ok, C} = ketama:new(Servers),
            ketama:getservers(C, keys())
        end
     || Servers <- [?ONE, ?OTHER]
    ],
    ignore = ketama:start_link(?ONE, #{name => pool}),
    Readers = [spawn_monitor(fun() -> read(Expected, #{}) end) || _ <- [1, 2, 3, 4]],
    [
        begin
            ignore = ketama:start_link(Servers, #{name => pool}),
            _ = ketama:previous(pool),
            _ = ketama:names()
        end
     || _ <- lists:seq(1, 50), Servers <- [?OTHER, ?ONE]
    ],
    seen([Pid || {Pid, _} <- Readers], Expected),
    [receive {'DOWN', Monitor, process, _, Reason} -> ?assertEqual(seen, Reason) end || {_, Monitor} <- Readers].

read(Expected, Seen) ->
    Answer = ketama:getservers(pool, keys()),
    true = lists:member(Answer, Expected),
    receive
        {seen, Pid} -> Pid ! {self(), map_size(Seen#{Answer => true})};
        stop -> exit(seen)
    after 0 -> ok
    end,
    read(Expected, Seen#{Answer => true}).

%% Replaces the ring until each reader has seen both.
seen([], _Expected) ->
    ok;
seen([Reader | Others] = Readers, Expected) ->
    [ignore = ketama:start_link(Servers, #{name => pool}) || Servers <- [?OTHER, ?ONE]],
    Reader ! {seen, self()},
    receive
        {Reader, 2} -> Reader ! stop, seen(Others, Expected);
        {Reader, _} -> seen(Readers, Expected)
    end.

keys() ->
    [integer_to_binary(I) || I <- lists:seq(1, 200)].
