#!/usr/bin/env escript
%% The hash and the server of keys.
%% Usage: ring.escript DIALECT HASH HASH_TAG SERVERS_FILE KEY...; HASH and HASH_TAG may be empty.
-mode(compile).

main([Dialect, Hash, Tag, File | Keys]) ->
    ok = io:setopts([{encoding, unicode}]),
    Options =
        [{dialect, list_to_atom(Dialect)}] ++ [{hash, list_to_atom(Hash)} || Hash =/= ""] ++
            [{hash_tag, list_to_binary(Tag)} || Tag =/= ""],
    case ketama:new(File, Options) of
        {ok, Continuum} ->
            io:format("~10s  ~-24s ~s~n", ["hash", "server", "key"]),
            lists:foreach(fun(Key) -> show(Continuum, Key) end, Keys);
        {error, Reason} ->
            io:format(standard_error, "~ts~n", [ketama:format_error(Reason)]),
            halt(1)
    end.

show(Continuum, Key) ->
    %% The bytes that the shell gave.
    Bytes = unicode:characters_to_binary(Key, unicode, file:native_name_encoding()),
    Server = ketama:getserver(Continuum, Bytes),
    io:format("~10b  ~-24s ~ts~n", [ketama:hash(Continuum, Bytes), Server, Key]).
