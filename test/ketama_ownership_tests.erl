%% shares/1 and diff/2: the fraction of all hashes that each server owns, and the fraction that moves; exact, in every
%% dialect.
-module(ketama_ownership_tests).

-include_lib("eunit/include/eunit.hrl").

-define(HASHES, 16#100000000).

%% Shares.

shares_count_arcs_test_() ->
    [fun() -> shares_are_arcs(Seed) end || Seed <- lists:seq(1, 30)].

shares_are_arcs(Seed) ->
    rand:seed(exsss, Seed),
    Continuum = ketama_test:few_servers(),
    Shares = ketama:shares(Continuum),
    ?assertEqual(ketama_test:distinct([Name || {Name, _, _} <- ketama:servers(Continuum)]), [Name || {Name, _} <- Shares]),
    ?assertEqual(1.0, lists:sum([Share || {_, Share} <- Shares])),
    Owned = lists:foldl(
        fun({Count, Server}, Map) -> maps:update_with(Server, fun(N) -> N + Count end, Count, Map) end,
        maps:from_list([{Name, 0} || {Name, _} <- Shares]),
        arcs(Continuum)
    ),
    ?assertEqual({Seed, Owned}, {Seed, maps:from_list([{Name, count(Share)} || {Name, Share} <- Shares])}).

%% Computes the number of hashes that each point owns, from the points alone.
arcs(Continuum) ->
    Points = [{First, Owner} | _] = ketama:points(Continuum),
    Ends = [First | [Point || {Point, _} <- Points]],
    Arcs = [{Point - Previous, Server} || {Previous, {Point, Server}} <- lists:zip(lists:droplast(Ends), Points)],
    {Last, _} = lists:last(Points),
    [{First + ?HASHES - Last, Owner} | Arcs].

shares_agree_with_counting_test_() ->
    {timeout, 300, fun shares_agree_with_counting/0}.

shares_agree_with_counting() ->
    {ok, Continuum} = ketama:new(ketama_test:data("lastfm-eight.servers")),
    N = 200000,
    Groups = ketama:group(Continuum, [integer_to_binary(I) || I <- lists:seq(1, N)]),
    [
        ?assert(abs(Share - length(maps:get(Server, Groups)) / N) < 0.005)
     || {Server, Share} <- ketama:shares(Continuum)
    ].

one_server_owns_all_test() ->
    {ok, Continuum} = ketama:new([{"a", 1}]),
    ?assertEqual([{<<"a">>, 1.0}], ketama:shares(Continuum)).

%% What moves.

diff_agrees_with_lookups_test_() ->
    [fun() -> diff_is_plain_diff(Seed) end || Seed <- lists:seq(1, 30)].

diff_is_plain_diff(Seed) ->
    rand:seed(exsss, Seed),
    Old = ketama_test:few_servers(),
    New = ketama_test:few_servers(),
    {Moved, Moves} = ketama:diff(Old, New),
    ?assert(Moved == lists:sum([Share || {_, _, Share} <- Moves])),
    ?assertEqual([], [From || {From, Server, _} <- Moves, From =:= Server]),
    Shares = [Share || {_, _, Share} <- Moves],
    ?assertEqual(lists:reverse(lists:sort(Shares)), Shares),
    ?assertEqual({Seed, plain_diff(Old, New)}, {Seed, [{F, T, count(S)} || {F, T, S} <- lists:sort(Moves)]}).

%% Computes the moves from the points of both rings: all hashes between two neighbouring points have one owner in each
%% ring.
plain_diff(Old, New) ->
    Points = lists:usort([Point || C <- [Old, New], {Point, _} <- ketama:points(C)] ++ [?HASHES - 1]),
    Olds = owners(Points, ketama:points(Old), hd(ketama:points(Old))),
    News = owners(Points, ketama:points(New), hd(ketama:points(New))),
    Counts = [Point - Previous || {Previous, Point} <- lists:zip([-1 | lists:droplast(Points)], Points)],
    Moves = lists:foldl(
        fun
            ({Same, Same, _}, Map) -> Map;
            ({From, To, Count}, Map) -> maps:update_with({From, To}, fun(N) -> N + Count end, Count, Map)
        end,
        #{},
        lists:zip3(Olds, News, Counts)
    ),
    [{From, To, Count} || {{From, To}, Count} <- lists:sort(maps:to_list(Moves))].

owners([], _Points, _First) -> [];
owners(Hashes, [], {_, Owner}) -> [Owner || _ <- Hashes];
owners([Hash | Hashes], [{Point, Owner} | _] = Points, First) when Point >= Hash ->
    [Owner | owners(Hashes, Points, First)];
owners(Hashes, [_ | Points], First) -> owners(Hashes, Points, First).

diff_agrees_with_counting_test_() ->
    {timeout, 300, fun diff_agrees_with_counting/0}.

diff_agrees_with_counting() ->
    [{ok, Old}, {ok, New}] = [
        ketama:new(ketama_test:data(File)) || File <- ["lastfm-four.servers", "lastfm-eight.servers"]
    ],
    N = 200000,
    Keys = [integer_to_binary(I) || I <- lists:seq(1, N)],
    Pairs = lists:zip(ketama:getservers(Old, Keys), ketama:getservers(New, Keys)),
    {Moved, Moves} = ketama:diff(Old, New),
    ?assert(abs(Moved - length([1 || {From, To} <- Pairs, From =/= To]) / N) < 0.005),
    [?assert(abs(Share - length([1 || {F, T} <- Pairs, F =:= From, T =:= To]) / N) < 0.005) || {From, To, Share} <- Moves].

nothing_moves_test() ->
    {ok, One} = ketama:new([{"a", 1}, {"b", 2}]),
    {ok, Other} = ketama:new([{"a", 1}, {"b", 2}]),
    ?assertEqual({0.0, []}, ketama:diff(One, Other)).

all_moves_test() ->
    {ok, One} = ketama:new([{"a", 1}]),
    {ok, Other} = ketama:new([{"b", 1}]),
    ?assertEqual({1.0, [{<<"a">>, <<"b">>, 1.0}]}, ketama:diff(One, Other)).

%% Rings of different clients.

%% With a hash of 15 bits, all hashes can be counted.
every_hash_test_() ->
    Dialects = [libmemcached, libmemcached_consistent, twemproxy, modula],
    [
        {timeout, 300, fun() -> every_hash(Seed, Old, New) end}
     || {Seed, {Old, New}} <- lists:zip(lists:seq(1, 16), [{Old, New} || Old <- Dialects, New <- Dialects])
    ].

every_hash(Seed, OldDialect, NewDialect) ->
    rand:seed(exsss, Seed),
    [{Old, Olds}, {New, News}] = [all_owners(Dialect) || Dialect <- [OldDialect, NewDialect]],
    Pairs = [Pair || {From, To} = Pair <- lists:zip(Olds, News), From =/= To],
    {Moved, Moves} = ketama:diff(Old, New),
    ?assertEqual({Seed, length(Pairs) / 32768}, {Seed, Moved}),
    ?assertEqual({Seed, portions(Pairs)}, {Seed, maps:from_list([{{From, To}, Share} || {From, To, Share} <- Moves])}),
    [
        ?assertEqual(
            {Seed, portions(Owners)},
            {Seed, maps:from_list([Entry || {_, Share} = Entry <- ketama:shares(Ring), Share > 0])}
        )
     || {Ring, Owners} <- [{Old, Olds}, {New, News}]
    ].

%% Returns a ring, and the owner of each hash, computed from the ring's points alone.
all_owners(Dialect) ->
    Servers = [{[lists:nth(rand:uniform(6), "abcdef")], rand:uniform(30)} || _ <- lists:seq(1, rand:uniform(7))],
    {ok, Ring} = ketama:new(Servers, #{dialect => Dialect, hash => crc15}),
    Points = ketama:points(Ring),
    Place = fun(Hash) -> case Dialect of modula -> Hash rem length(Points); _ -> Hash end end,
    Sorted = lists:sort([{Place(Hash), Hash} || Hash <- lists:seq(0, 32767)]),
    Owners = lists:zip([Hash || {_, Hash} <- Sorted], owners([At || {At, _} <- Sorted], Points, hd(Points))),
    {Ring, [Owner || {_, Owner} <- lists:sort(Owners)]}.

portions(List) ->
    maps:map(
        fun(_, Count) -> Count / 32768 end,
        lists:foldl(fun(Item, Map) -> maps:update_with(Item, fun(N) -> N + 1 end, 1, Map) end, #{}, List)
    ).

%% The first server owns one hash more: 2^32 = 4294967296 = 3 * 1431655765 + 1.
shares_of_modula_test() ->
    {ok, Ring} = ketama:new([{"a", 1}, {"b", 1}, {"c", 1}], #{dialect => modula}),
    ?assertEqual(
        [{<<"a">>, 1431655766 / ?HASHES}, {<<"b">>, 1431655765 / ?HASHES}, {<<"c">>, 1431655765 / ?HASHES}],
        ketama:shares(Ring)
    ).

%% The hashes of crc15 are all below the lowest point, so one server owns all of them.
shares_of_a_short_hash_test() ->
    {ok, Ring} = ketama:new([{"a", 1}, {"b", 1}, {"c", 1}], #{dialect => twemproxy, hash => crc15}),
    [{_, Owner} | _] = ketama:points(Ring),
    ?assertEqual([{Name, case Name of Owner -> 1.0; _ -> 0.0 end} || Name <- [<<"a">>, <<"b">>, <<"c">>]], ketama:shares(Ring)).

%% Compares diff/2 with counted keys, from PHP's default to its consistent ring.
from_modula_to_a_ring_test_() ->
    {timeout, 300, fun from_modula_to_a_ring/0}.

from_modula_to_a_ring() ->
    Servers = [{"10.0.0." ++ integer_to_list(I) ++ ":11211", 1} || I <- lists:seq(1, 5)],
    [{ok, Old}, {ok, New}] = [ketama:new(Servers, #{dialect => D}) || D <- [modula, libmemcached_consistent]],
    Keys = [integer_to_binary(I) || I <- lists:seq(1, 200000)],
    Pairs = lists:zip(ketama:getservers(Old, Keys), ketama:getservers(New, Keys)),
    {Moved, _} = ketama:diff(Old, New),
    ?assert(abs(Moved - length([1 || {From, To} <- Pairs, From =/= To]) / length(Keys)) < 0.005).

keys_that_are_hashed_in_two_ways_cannot_be_compared_test_() ->
    Ring = fun(Options) ->
        {ok, C} = ketama:new([{"a", 1}, {"b", 1}], Options),
        C
    end,
    Md5 = Ring(#{dialect => twemproxy, hash => md5}),
    [
        ?_assertError(badarg, ketama:diff(Md5, Ring(#{dialect => twemproxy}))),
        ?_assertError(badarg, ketama:diff(Md5, Ring(#{dialect => twemproxy, hash => md5, hash_tag => <<"{}">>}))),
        ?_assertEqual({0.0, []}, ketama:diff(Md5, Ring(#{dialect => libmemcached})))
    ].

%% Keys move between nearly every pair of servers: too many moves to list.
too_many_pairs_test_() ->
    {timeout, 300, fun too_many_pairs/0}.

too_many_pairs() ->
    Servers = [{integer_to_binary(I), 1} || I <- lists:seq(1, 3000)],
    [{ok, Old}, {ok, New}] = [ketama:new(Servers, #{dialect => D, hash => md5}) || D <- [modula, twemproxy]],
    ?assertError(system_limit, ketama:diff(Old, New)).

no_rings_test_() ->
    {ok, C} = ketama:new([{"a", 1}]),
    [
        [?_assertError(badarg, ketama:shares(T)), ?_assertError(badarg, ketama:diff(C, T)), ?_assertError(badarg, ketama:diff(T, C))]
     || T <- [1, make_ref(), <<>>, [], atomics:new(1, [])]
    ].

%% Returns the number of hashes in a share, which must be a whole one.
count(Share) ->
    Count = trunc(Share * ?HASHES),
    ?assertEqual(Share, Count / ?HASHES),
    Count.
