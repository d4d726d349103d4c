%% What several suites need.
-module(ketama_test).

-export([data/1, lines/1, vectors/0, with_file/2, in_folder/1, quietly/1, erl/1, erl/2]).

%% The path of a file under test/data/libketama.
data(Name) ->
    filename:join([filename:dirname(?FILE), "data", "libketama", Name]).

lines(Path) ->
    {ok, Contents} = file:read_file(Path),
    binary:split(Contents, <<"\n">>, [global, trim]).

%% The names of the vectors.
vectors() ->
    [filename:basename(Path, ".servers") || Path <- filelib:wildcard(data("*.servers"))].

%% What Fun makes of the path of a servers file with these contents.
with_file(Contents, Fun) ->
    in_folder(fun(Folder) ->
        Path = filename:join(Folder, "ketama.servers"),
        ok = file:write_file(Path, Contents),
        Fun(Path)
    end).

%% What Fun makes of a new folder, which is gone afterwards.
in_folder(Fun) ->
    Unique = integer_to_list(erlang:unique_integer([positive])),
    Temp = os:getenv("TMPDIR", "/tmp"),
    Folder = filename:join(Temp, "ketama-" ++ os:getpid() ++ "-" ++ Unique),
    ok = filelib:ensure_dir(Folder ++ "/"),
    try
        Fun(Folder)
    after
        ok = file:del_dir_r(Folder)
    end.

%% What Fun returns, without showing on the console what it logs.
quietly(Fun) ->
    {ok, #{level := Level}} = logger:get_handler_config(default),
    ok = logger:set_handler_config(default, level, none),
    try
        Fun()
    after
        ok = logger:set_handler_config(default, level, Level)
    end.

%% What a VM of its own prints that runs Code and halts; with the modules of ketama from Ebin.
erl(Code) ->
    erl(filename:dirname(code:which(ketama)), Code).

erl(Ebin, Code) ->
    Erl = filename:join([code:root_dir(), "bin", "erl"]),
    Arguments = ["-noshell", "-pa", Ebin, "-eval", Code ++ ", halt()."],
    Options = [{args, Arguments}, exit_status, stderr_to_stdout, binary],
    collect(open_port({spawn_executable, Erl}, Options), []).

collect(Port, Output) ->
    receive
        {Port, {data, Data}} -> collect(Port, [Output, Data]);
        {Port, {exit_status, 0}} -> unicode:characters_to_list(Output);
        {Port, {exit_status, Status}} -> error({Status, unicode:characters_to_list(Output)})
    end.
