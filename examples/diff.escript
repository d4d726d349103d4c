#!/usr/bin/env escript
%% What moves when one servers file takes the place of another.
%% Usage: diff.escript DIALECT HASH HASH_TAG OLD_SERVERS_FILE NEW_SERVERS_FILE; HASH and HASH_TAG may be
%% empty.
-mode(compile).

main([Dialect, Hash, Tag, Old, New]) ->
    Options =
        [{dialect, list_to_atom(Dialect)}] ++ [{hash, list_to_atom(Hash)} || Hash =/= ""] ++
            [{hash_tag, list_to_binary(Tag)} || Tag =/= ""],
    [OldRing, NewRing] = [ring(File, Options) || File <- [Old, New]],
    {Moved, Moves} = ketama:diff(OldRing, NewRing),
    io:format("~7.2f% of the keys move~n", [100 * Moved]),
    [io:format("~7.2f% ~s -> ~s~n", [100 * Share, From, To]) || {From, To, Share} <- Moves].

ring(File, Options) ->
    case ketama:new(File, Options) of
        {ok, Continuum} ->
            Continuum;
        {error, Reason} ->
            io:format(standard_error, "~ts~n", [ketama:format_error(Reason)]),
            halt(1)
    end.
