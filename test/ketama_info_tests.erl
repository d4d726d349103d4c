%% info/1 describes a ring. Two rings have the same fingerprint exactly if no key moves between them.
-module(ketama_info_tests).

-include_lib("eunit/include/eunit.hrl").

info_test() ->
    {ok, Plain} = ketama:new(ketama_test:data("lastfm-eight.servers")),
    ?assertMatch(
        #{dialect := libketama, hash := md5, hash_tag := undefined, servers := 8, fingerprint := <<_:128>>},
        ketama:info(Plain)
    ),
    #{points := Points, bytes := Bytes} = ketama:info(Plain),
    ?assertEqual(length(ketama:points(Plain)), Points),
    ?assert(Bytes > 8 * Points),
    ?assert(Bytes < 16 * Points),
    {ok, Tagged} = ketama:new(["a", "b", "a"], #{dialect => twemproxy, hash => murmur, hash_tag => <<"{}">>}),
    ?assertMatch(#{dialect := twemproxy, hash := murmur, hash_tag := <<"{}">>, servers := 3}, ketama:info(Tagged)).

%% Fingerprints are equal exactly if nothing moves. The rings have few servers and small weights, so that some are
%% equal.
fingerprints_test_() ->
    {timeout, 300, fun() ->
        rand:seed(exsss, 11),
        Rings = [random_ring() || _ <- lists:seq(1, 250)],
        Equal = pairs(fun same/2, Rings),
        %% More pairs are equal than each ring with itself, and many are not.
        ?assert(2 * length([E || E <- Equal, E]) > 3 * length(Rings)),
        ?assert(length([E || E <- Equal, not E]) > length(Equal) div 2)
    end}.

%% Calls Of for every pair: each ring with itself and with those after it.
pairs(Of, [One | Others] = All) -> [Of(One, Other) || Other <- All] ++ pairs(Of, Others);
pairs(_Of, []) -> [].

same({OneOptions, OneServers, One, OnePrint}, {OtherOptions, OtherServers, Other, OtherPrint}) ->
    NothingMoves =
        try ketama:diff(One, Other) of
            {Moved, _} -> Moved == 0.0
        catch
            error:badarg -> false
        end,
    ?assertEqual(
        {OneOptions, OneServers, OtherOptions, OtherServers, NothingMoves},
        {OneOptions, OneServers, OtherOptions, OtherServers, OnePrint =:= OtherPrint}
    ),
    NothingMoves.

random_ring() ->
    Options = pick([
        #{dialect => modula, hash => md5},
        #{dialect => modula, hash => crc15},
        #{dialect => twemproxy, hash => crc15},
        #{dialect => twemproxy, hash => md5, hash_tag => <<"{}">>},
        #{dialect => libmemcached_consistent, hash => crc15},
        #{dialect => libketama},
        #{dialect => spymemcached},
        #{dialect => enyim},
        #{dialect => pecl_memcache},
        #{dialect => dalli}
    ]),
    Servers = [{pick(["a", "b"]), rand:uniform(2)} || _ <- lists:seq(1, rand:uniform(4))],
    {ok, Ring} = ketama:new(Servers, Options),
    #{fingerprint := Fingerprint} = ketama:info(Ring),
    {Options, Servers, Ring, Fingerprint}.

pick(List) ->
    lists:nth(rand:uniform(length(List)), List).
