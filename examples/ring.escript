#!/usr/bin/env escript
%% The hash, the point and the server of keys. Usage: ring.escript DIALECT SERVERS_FILE KEY...
-mode(compile).

main([Dialect, File | Keys]) ->
    ok = io:setopts([{encoding, unicode}]),
    case ketama:new(File, #{dialect => list_to_atom(Dialect)}) of
        {ok, Continuum} ->
            Points = ketama:points(Continuum),
            io:format("~10s ~10s  ~-24s ~s~n", ["hash", "point", "server", "key"]),
            lists:foreach(fun(Key) -> show(Key, Points) end, Keys);
        {error, Reason} ->
            io:format(standard_error, "~ts~n", [ketama:format_error(Reason)]),
            halt(1)
    end.

show(Key, Points) ->
    %% The bytes that the shell gave.
    Hash = ketama:hash(unicode:characters_to_binary(Key, unicode, file:native_name_encoding())),
    [{Point, Server} | _] = lists:dropwhile(fun({Point, _}) -> Point < Hash end, Points) ++ Points,
    io:format("~10b ~10b  ~-24s ~ts~n", [Hash, Point, Server, Key]).
