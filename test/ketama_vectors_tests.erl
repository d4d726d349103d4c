%% The answers of the real libketama, for each of its files and keys.
-module(ketama_vectors_tests).

-include_lib("eunit/include/eunit.hrl").

every_file_is_here_test() ->
    ?assertEqual(18, length(ketama_test:vectors("libketama"))).

vectors_test_() ->
    [{Name, fun() -> vector(Name) end} || Name <- ketama_test:vectors("libketama")].

vector(Name) ->
    Source = ketama_test:data(Name ++ ".servers"),
    case ketama_test:lines(ketama_test:data(Name ++ ".expected")) of
        [<<"ERROR", _/binary>> = Error] -> is_refused(Source, Error);
        Lines -> agrees(Source, Lines)
    end.

is_refused(Source, Expected) ->
    {error, Reason} = ketama:new(Source),
    case re:run(Expected, "line ([0-9]+)", [{capture, all_but_first, list}]) of
        {match, [LineNo]} ->
            {servers_file, Source, {line, Found, _Fault}} = Reason,
            ?assertEqual(list_to_integer(LineNo), Found);
        nomatch ->
            ?assertEqual(no_servers, Reason)
    end.

agrees(Source, Lines) ->
    {ok, Continuum} = ketama_test:quietly(fun() -> ketama:new(Source) end),
    Answers = [
        iolist_to_binary(
            lists:join("\t", [
                Key, integer_to_list(ketama:hash(Key)), ketama:getserver(Continuum, Key)
            ])
        )
     || Key <- ketama_test:lines(ketama_test:data("keys.txt"))
    ],
    ?assert(length(Answers) > 600),
    ?assertEqual(Lines, Answers).

points_test() ->
    {ok, Continuum} = ketama:new(ketama_test:data("lastfm-eight.servers")),
    Printed = [
        iolist_to_binary([integer_to_list(Point), "\t", Server])
     || {Point, Server} <- ketama:points(Continuum)
    ],
    ?assertEqual(ketama_test:lines(ketama_test:data("lastfm-eight.points")), Printed).

%% libketama's own regression test: hash, point and server of a million keys.
million_keys_test_() ->
    {timeout, 300, fun() ->
        {ok, Continuum} = ketama:new(ketama_test:data("lastfm-eight.servers")),
        Ring = ketama_oracle:of_points(ketama:points(Continuum)),
        Md5 = million(0, Ring, Continuum, erlang:md5_update(erlang:md5_init(), "\n")),
        ?assertEqual(<<16#5672b131391f5aa2b280936aec1eea74:128>>, Md5)
    end}.

million(1000000, _Ring, _Continuum, Context) ->
    erlang:md5_final(Context);
million(I, Ring, Continuum, Context) ->
    Key = integer_to_binary(I),
    {Point, _} = ketama_oracle:point(Ring, Key),
    Hash = integer_to_binary(ketama:hash(Key)),
    Line = [Hash, $\s, integer_to_binary(Point), $\s, ketama:getserver(Continuum, Key), $\n],
    million(I + 1, Ring, Continuum, erlang:md5_update(Context, Line)).
