%% Compares the NIF with ketama_oracle on random servers and keys: points, hashes and servers are the same in every
%% dialect.
-module(ketama_equivalence_tests).

-include_lib("eunit/include/eunit.hrl").

%% Tests every hash of every dialect, with the most rings for the default. A ring's number is its seed; a failure prints
%% it.
oracle_test_() ->
    [
        {timeout, 300, {atom_to_list(Dialect), fun() -> [oracle(Seed, Dialect, Hashes) || Seed <- lists:seq(1, Rings)] end}}
     || {Dialect, Hashes} <- ketama_nif:dialects(),
        Rings <- [case Dialect of libketama -> 100; _ -> 30 end]
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

%% Random bytes, short and long, and bytes that open and close tags.
key() ->
    case rand:uniform(4) of
        1 -> << <<(rand_element("{}k"))>> || _ <- lists:seq(1, rand:uniform(20)) >>;
        2 -> iolist_to_binary([rand:bytes(rand:uniform(9) - 1), "{", rand:bytes(rand:uniform(30) - 1), "}"]);
        3 -> rand:bytes(rand:uniform(250) - 1);
        4 -> rand:bytes(rand:uniform(2000))
    end.

rand_element(List) ->
    lists:nth(rand:uniform(length(List)), List).

servers(Dialect, Skewed) ->
    [
        {
            iolist_to_binary(io_lib:format("~s10.~b.~b.~b:~b", [Slash, rand:uniform(256) - 1, I div 100, I rem 100, Port])),
            case Skewed of 0 -> 1; 1 -> weight(Dialect) end
        }
     || I <- lists:seq(1, rand:uniform(130)),
        Port <- [rand_element([11211, 11212])],
        Slash <- [rand_element(["", "/"])]
    ].

%% Some dialects make a point for each unit of weight, so weights stay small.
weight(Dialect) when
    Dialect =:= modula; Dialect =:= nginx; Dialect =:= cache_memcached_fast; Dialect =:= pecl_memcache; Dialect =:= xmemcached
->
    1 + rand:uniform(3);
weight(libketama) ->
    trunc(math:exp(rand:uniform() * 25));
weight(_) ->
    1 + rand:uniform(1000).
